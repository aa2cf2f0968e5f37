// The same image at several sides: who is named first, by the student and by the teacher.

import { at, face, make, number } from "./parts.js";

export function clearLadder() {
  at("ladder-box").hidden = true;
  at("ladder").replaceChildren();
}

export function showLadder(steps, answers, about, { now, choose }) {
  if (![...answers.values()].some((answer) => answer.matches.length)) return;
  const sharp = answers.get(about.sharp_side);
  const truth = (sharp?.teacher || sharp?.matches)?.[0]?.person;
  const rows = [["Student", "ours", (answer) => answer.matches[0]]];
  if (about.teacher) rows.push(["Teacher, scaled up", "theirs", (answer) => answer.teacher?.[0]]);
  const head = make("tr");
  head.append(make("td"), ...steps.map((step) => {
    const cell = make("th", step === now ? "now" : "", step === about.sharp_side ? `${step}, sharp` : `${step} px`);
    cell.scope = "col";
    return cell;
  }));
  const body = rows.map(([label, kind, first]) => {
    const row = make("tr", kind);
    const title = make("th", "", label);
    title.scope = "row";
    row.append(title, ...steps.map((step) => cellOf(`${kind}-${step}`, step, answers.get(step), first, truth, choose)));
    return row;
  });
  const [thead, tbody] = [make("thead"), make("tbody")];
  thead.append(head);
  tbody.append(...body);
  const focused = document.activeElement?.dataset?.cell;
  at("ladder").replaceChildren(thead, tbody);
  if (focused) at("ladder").querySelector(`[data-cell="${focused}"]`)?.focus();
  const who = sharp?.teacher ? "the teacher" : "the student";
  at("ladder-about").textContent = truth ? `Framed: the person whom ${who} names for the sharp image. Click one to look closer.` : "";
  at("ladder-box").hidden = false;
}

function cellOf(key, step, answer, first, truth, choose) {
  const cell = make("td");
  const match = answer && first(answer);
  if (!match) {
    cell.append(make("span", "face"));
    return cell;
  }
  if (truth) cell.className = match.person === truth ? "same" : "other";
  const button = make("button");
  button.type = "button";
  button.dataset.cell = key;
  button.setAttribute("aria-label", `${step} pixels: ${match.person}, similarity ${number(match.similarity)}`);
  button.append(face(match.person, match.picture), make("small", "", match.person));
  button.addEventListener("click", () => choose(step));
  cell.append(button);
  return cell;
}
