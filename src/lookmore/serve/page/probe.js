// The probe: an image, the pixels that are left of it, and what both networks make of it.

import { json } from "./api.js";
import { showAnswer, showNothing } from "./answer.js";
import { clearLadder, showLadder } from "./ladder.js";
import { at, showTrouble } from "./parts.js";

const SIDES = [8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96];
const STEPS = [8, 12, 16, 24, 32, 48, 64];
const PAUSE = 90; // milliseconds that the slider must rest

const state = { about: null, sides: [], file: null, answers: new Map(), timer: 0, abort: null };

export function currentFile() {
  return state.file;
}

export function startProbe(about) {
  state.about = about;
  state.sides = [...SIDES.filter((side) => side < about.sharp_side), about.sharp_side];
  const slider = at("side");
  slider.max = state.sides.length - 1;
  const nearest = state.sides.findIndex((side) => side >= about.side);
  slider.value = nearest < 0 ? state.sides.length - 1 : nearest;
  at("side-low").textContent = state.sides[0];
  at("side-high").textContent = `${about.sharp_side}, sharp`;
  slider.addEventListener("input", () => { labelSide(); schedule(); });
  labelSide();
  listenForImages();
}

export function chooseSide(side) {
  at("side").value = state.sides.indexOf(side);
  labelSide();
  schedule();
}

export function chooseFile(file) {
  state.file = file;
  forgetAnswers();
  schedule(0);
  document.dispatchEvent(new CustomEvent("probe"));
}

// After an enrolment or a removal: the same image, asked again.
export function askAgain() {
  forgetAnswers();
  if (state.file) schedule(0);
}

function forgetAnswers() {
  state.answers = new Map();
  clearLadder();
}

const side = () => state.sides[Number(at("side").value)];

function labelSide() {
  at("side-label").textContent = `${side()} px`;
  at("side").setAttribute("aria-valuetext", `${side()} pixels`);
}

function schedule(pause = PAUSE) {
  clearTimeout(state.timer);
  if (!state.file) return;
  if (state.answers.has(side())) {
    show(side());
    pause = 0;
  } else {
    document.querySelector(".answers").classList.add("busy");
  }
  state.timer = setTimeout(work, pause);
}

// Asks for the side that is shown, then, in order, for the steps of the ladder.
async function work() {
  state.abort?.abort();
  const abort = new AbortController();
  state.abort = abort;
  const steps = [...STEPS.filter((step) => step < state.about.sharp_side), state.about.sharp_side];
  const { answers, file } = state;
  try {
    for (const wanted of [side(), state.about.sharp_side, ...steps]) {
      if (answers.has(wanted)) continue;
      answers.set(wanted, await ask(file, wanted, abort.signal));
      if (answers !== state.answers) return; // another image was chosen
      if (wanted === side()) show(wanted);
      at("sharp").src = (answers.get(state.about.sharp_side) || answers.get(wanted)).probe;
      showLadder(steps, answers, state.about, { now: side(), choose: chooseSide });
    }
    showLadder(steps, answers, state.about, { now: side(), choose: chooseSide });
    showTrouble(null);
  } catch (error) {
    if (error.name === "AbortError") return;
    showTrouble(error);
    if (answers.size === 0) hideProbe();
  } finally {
    if (state.abort === abort) document.querySelector(".answers").classList.remove("busy");
  }
}

function ask(file, wanted, signal) {
  const form = new FormData();
  form.append("image", file, "image");
  form.append("side", wanted);
  form.append("k", 5);
  form.append("teacher", "true");
  form.append("show", "true");
  return json("/search", { method: "POST", body: form, signal });
}

function show(wanted) {
  const answer = state.answers.get(wanted);
  at("views").hidden = false;
  at("invite").hidden = true;
  at("small").src = answer.probe;
  at("small").alt = `The probe, ${answer.side} pixels a side`;
  at("small-label").textContent = `${answer.side} \u00d7 ${answer.side} px`;
  const few = answer.own_side < wanted;
  at("side-help").textContent = few ? `The image itself has only ${answer.own_side} pixels a side.` : "";
  document.querySelector(".answers").classList.remove("busy");
  showAnswer(answer, state.about);
}

// Nothing of the image before may look like an answer to this one.
function hideProbe() {
  at("views").hidden = true;
  at("invite").hidden = false;
  at("side-help").textContent = "";
  showNothing(state.about, "No answer for this image.");
}

function listenForImages() {
  const drop = at("drop");
  const input = at("file");
  input.addEventListener("change", () => {
    if (input.files.length) take(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) take(file);
    else showTrouble(new Error("That was no image file: drop a file, or paste the image itself."));
  });
  document.addEventListener("paste", (event) => {
    if (event.target.matches("input[type=text], input[type=search], input[type=password]")) return;
    const [file] = event.clipboardData.files;
    if (file) take(file);
    else showTrouble(new Error("The clipboard holds no image: copy the crop itself, not its address."));
  });
}

function take(file) {
  if (file.size > state.about.max_upload_bytes) {
    const most = state.about.max_upload_bytes / 2 ** 20;
    showTrouble(new Error(`This file has ${(file.size / 2 ** 20).toFixed(1)} MiB, the server takes ${most}: crop it first.`));
    return;
  }
  chooseFile(file);
}
