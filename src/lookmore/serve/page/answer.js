// One answer: the matches of the student and of the teacher, side by side, and the decision.

import { apart, at, bar, face, make, number } from "./parts.js";

const QUESTION = at("headline").textContent; // what stands there before anybody has answered

export function showAnswer(answer, about) {
  fill("student", answer.matches, answer.rule?.threshold);
  fill("teacher", answer.teacher || []);
  if (!answer.teacher) teacherAbsent(answer.teacher_absent);
  headline(answer);
  decision(answer);
  agreement(answer);
  const told = answer.recognisability;
  at("recognisability").hidden = told === null;
  if (told !== null) {
    at("recognisability-fill").style.width = `${100 * told}%`;
    at("recognisability-value").textContent = told.toFixed(2);
  }
}

export function showNothing(about, words) {
  for (const id of ["student", "teacher"]) {
    at(id).replaceChildren(make("li", "empty", words));
  }
  if (about.teacher_absent) teacherAbsent(about.teacher_absent);
  at("headline").textContent = QUESTION;
  at("recognisability").hidden = true;
  at("decision").replaceChildren();
  at("agreement").replaceChildren();
}

function teacherAbsent(reason) {
  at("teacher").replaceChildren(make("li", "empty", `Not asked: ${reason}.`));
}

function fill(id, matches, threshold) {
  at(id).replaceChildren(...matches.map((match) => {
    const item = make("li");
    const value = make("b", "", number(match.similarity));
    item.append(face(match.person, match.picture), make("span", "name", match.person), value, bar(match.similarity, threshold));
    item.setAttribute("aria-label", `${match.person}, similarity ${number(match.similarity)}`);
    return item;
  }));
  if (!matches.length) at(id).append(make("li", "empty", "The gallery is empty: enrol somebody below."));
}

function headline(answer) {
  const line = at("headline");
  const [ours] = answer.matches;
  const theirs = answer.teacher?.[0];
  if (!ours) {
    line.textContent = "Nobody is enrolled yet.";
    return;
  }
  line.replaceChildren(`At ${answer.side}\u00a0pixels the student says `, make("b", "", ours.person));
  if (!theirs) line.append(".");
  else if (theirs.person === ours.person) line.append(", and so does the teacher.");
  else line.append(", the teacher ", make("i", "", theirs.person), ".");
}

function decision(answer) {
  const box = at("decision");
  const [first] = answer.matches;
  box.replaceChildren();
  if (!first) return;
  if (!answer.rule) {
    box.append(make("span", "chip", "No decision"), make("p", "", answer.no_decision));
    return;
  }
  const { threshold, far } = answer.rule;
  box.append(first.accepted ? make("span", "chip yes", "Accepted") : make("span", "chip no", "Not accepted"));
  const sign = first.accepted ? "\u2265" : "<";
  const [similarity, limit] = apart(first.similarity, threshold);
  box.append(make("p", "", `${similarity} ${sign} ${limit}: one stranger in ${rate(far)} gets as far, per person compared; ${answer.people} are.`));
}

const rate = (far) => Math.round(1 / far).toLocaleString("en");

function agreement(answer) {
  const box = at("agreement");
  box.replaceChildren();
  if (!answer.teacher?.length) return;
  const same = answer.teacher[0].person === answer.matches[0].person;
  box.append(make("span", "chip", same ? "Agrees with the student" : "Says somebody else"));
  box.append(make("p", "", "Thresholds are the student's: none decides here."));
}
