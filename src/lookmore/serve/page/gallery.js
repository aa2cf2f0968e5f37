// The gallery: who is enrolled, more people, fewer people.

import { call, json } from "./api.js";
import { at, face, make, showTrouble } from "./parts.js";
import { askAgain, currentFile } from "./probe.js";

const PAGE = 24;
let shown = 0;
let latest = 0;

export async function startGallery(about) {
  at("gallery-box").hidden = false;
  const form = at("enrol");
  if (about.enrol_absent) {
    at("enrol-note").textContent = `${about.enrol_absent}.`;
    for (const field of form.elements) field.disabled = true;
  }
  form.addEventListener("submit", enrol);
  at("query").addEventListener("input", () => list(true));
  at("more").addEventListener("click", () => list(false));
  at("use-probe").addEventListener("click", () => enrolFiles([currentFile()]));
  document.addEventListener("probe", () => { at("use-probe").hidden = Boolean(about.enrol_absent); });
  await list(true);
}

async function list(anew) {
  const turn = ++latest;
  if (anew) shown = 0;
  const query = new URLSearchParams({ query: at("query").value, start: shown, count: PAGE });
  try {
    const found = await json(`/people?${query}`);
    if (turn !== latest) return; // something else was typed meanwhile
    const items = found.people.map(card);
    if (anew) at("people").replaceChildren(...items);
    else at("people").append(...items);
    shown += items.length;
    at("more").hidden = shown >= found.total;
    const filtered = at("query").value ? " found" : "";
    at("gallery-title").textContent = `Gallery: ${found.total.toLocaleString("en")} ${found.total === 1 ? "person" : "people"}${filtered}`;
    if (!found.total) {
      const words = filtered ? "Nobody of that name." : "Nobody is enrolled yet. Give a name and a sharp image.";
      at("people").replaceChildren(make("li", "empty", words));
    }
  } catch (error) {
    showTrouble(error);
  }
}

function card(person) {
  const item = make("li");
  const who = make("span", "who");
  const images = `${person.images} image${person.images === 1 ? "" : "s"}`;
  who.append(make("span", "", person.name), make("span", "quiet", images));
  const remove = make("button", "plain", "Remove");
  remove.type = "button";
  remove.setAttribute("aria-label", `Remove ${person.name}`);
  remove.addEventListener("click", () => {
    if (remove.classList.contains("sure")) return forget(person.name, remove);
    remove.classList.add("sure");
    remove.textContent = "Sure?";
    remove.setAttribute("aria-label", `Really remove ${person.name}`);
  });
  remove.addEventListener("blur", () => {
    remove.classList.remove("sure");
    remove.textContent = "Remove";
    remove.setAttribute("aria-label", `Remove ${person.name}`);
  });
  item.append(face(person.name, person.picture), who, remove);
  return item;
}

async function forget(name, button) {
  button.disabled = true;
  try {
    await call(`/people/${encodeURIComponent(name)}`, { method: "DELETE" });
    at("enrol-note").textContent = `${name} is no longer enrolled.`;
    showTrouble(null);
    await list(true);
    askAgain();
  } catch (error) {
    button.disabled = false;
    showTrouble(error);
  }
}

function enrol(event) {
  event.preventDefault();
  const files = [...at("images").files];
  if (!files.length) {
    at("enrol-note").textContent = "Choose at least one sharp image of the person.";
    at("images").focus();
    return;
  }
  enrolFiles(files);
}

async function enrolFiles(files) {
  const name = at("name").value.trim();
  if (!name) {
    at("enrol-note").textContent = "Say who it is first.";
    at("name").focus();
    return;
  }
  const form = new FormData();
  form.append("name", name);
  for (const file of files) form.append("images", file, "image");
  at("enrol-note").textContent = "Enrolling\u2026";
  try {
    const done = await json("/people", { method: "POST", body: form });
    const smallest = Math.min(...done.sides);
    const warning = smallest < 48 ? ` The smallest image has only ${smallest} pixels: a sharper one makes a better gallery.` : "";
    const added = done.added ? `${done.name} is enrolled with ${done.added} new image${done.added === 1 ? "" : "s"}.` : `${done.name} has ${files.length === 1 ? "this image" : "these images"} already.`;
    at("enrol-note").textContent = added + warning;
    at("enrol").reset();
    showTrouble(null);
    await list(true);
    askAgain();
  } catch (error) {
    at("enrol-note").textContent = "";
    showTrouble(error);
  }
}
