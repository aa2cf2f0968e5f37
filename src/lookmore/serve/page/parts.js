// Small pieces of the page. Names of people come from strangers: text only, never markup.

import { picture } from "./api.js";

export const at = (id) => document.getElementById(id);

export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

export function face(name, pictureName) {
  const box = make("span", "face");
  const initial = () => { box.textContent = [...name][0].toUpperCase(); };
  if (!pictureName) {
    initial();
    return box;
  }
  const image = make("img");
  image.alt = "";
  box.append(image);
  picture(pictureName).then((blob) => {
    const url = URL.createObjectURL(blob);
    image.onload = () => URL.revokeObjectURL(url);
    image.src = url;
  }, initial);
  return box;
}

export const number = (similarity, digits = 2) => similarity.toFixed(digits).replace("-", "\u2212");

// Two numbers in as many digits as it takes to see which one is larger.
export function apart(one, other) {
  let digits = 2;
  while (digits < 7 && one !== other && number(one, digits) === number(other, digits)) digits += 1;
  return [number(one, digits), number(other, digits)];
}

export function bar(similarity, threshold) {
  const track = make("span", "track");
  const fill = make("span", "fill");
  fill.style.width = `${100 * Math.max(0, similarity)}%`;
  track.append(fill);
  if (threshold !== undefined && threshold >= 0) {
    const mark = make("span", "mark");
    mark.style.left = `${100 * threshold}%`;
    mark.title = `threshold ${number(threshold)}`;
    track.append(mark);
  }
  return track;
}

export function showTrouble(error) {
  at("trouble").textContent = error ? error.message : "";
  at("trouble").hidden = !error;
}
