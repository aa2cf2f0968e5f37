// Starts the page: what is served here, images to try, and the parts that answer.

import { json, picture } from "./api.js";
import { showNothing } from "./answer.js";
import { startGallery } from "./gallery.js";
import { at, face, make, showTrouble } from "./parts.js";
import { chooseFile, startProbe } from "./probe.js";

async function start() {
  const about = await json("/about");
  document.title = `lookmore \u00b7 ${about.name}`;
  at("run").textContent = about.name;
  at("version").textContent = `lookmore ${about.version}`;
  at("student-about").textContent = `made for ${about.side} px`;
  at("teacher-about").textContent = about.teacher ? `${about.teacher}, shown the same pixels at ${about.sharp_side} px` : "not asked here";
  startProbe(about);
  if (about.people === null) {
    showNothing(about, "No gallery to search in.");
    showTrouble(new Error("This server has no gallery: start it with --index INDEX to search and to enrol people."));
    return;
  }
  showNothing(about, about.people ? "Matches appear here." : "The gallery is empty: enrol somebody below.");
  await Promise.all([startGallery(about), startSamples()]);
}

async function startSamples() {
  const { people } = await json("/samples");
  at("samples-box").hidden = !people.length;
  at("samples").replaceChildren(...people.map((person) => {
    const item = make("li");
    const button = make("button");
    button.type = "button";
    button.title = person.name;
    button.setAttribute("aria-label", `Try ${person.name}`);
    button.setAttribute("aria-pressed", "false");
    button.append(face(person.name, person.picture));
    button.addEventListener("click", async () => {
      try {
        chooseFile(await picture(person.picture));
        button.setAttribute("aria-pressed", "true");
      } catch (error) {
        showTrouble(error);
      }
    });
    item.append(button);
    return item;
  }));
  document.addEventListener("probe", () => {
    for (const button of at("samples").querySelectorAll("button")) button.setAttribute("aria-pressed", "false");
  });
}

start().catch(showTrouble);
