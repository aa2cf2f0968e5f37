// The API reference, drawn from /openapi.json; nothing is fetched from elsewhere.

import { at, make, showTrouble } from "./parts.js";

let schema;

const resolve = (found) => (found?.$ref ? schema.components.schemas[found.$ref.split("/").pop()] : found);

function kindOf(found) {
  if (!found) return "";
  if (found.$ref) return found.$ref.split("/").pop();
  if (found.anyOf) return found.anyOf.map(kindOf).join(" or ");
  if (found.type === "array") return `list of ${kindOf(found.items)}`;
  if (found.contentMediaType) return "file";
  return found.type || "";
}

function table(rows, head) {
  const box = make("div", "scroll");
  const element = make("table", "words");
  const [thead, tbody, line] = [make("thead"), make("tbody"), make("tr")];
  line.append(...head.map((word) => make("th", "", word)));
  thead.append(line);
  tbody.append(...rows.map((cells) => {
    const row = make("tr");
    row.append(...cells.map((cell) => make("td", "", cell)));
    return row;
  }));
  element.append(thead, tbody);
  box.append(element);
  return box;
}

function fields(found) {
  const needed = new Set(found.required || []);
  return Object.entries(found.properties || {}).map(([name, field]) => [
    name, kindOf(field), needed.has(name) ? "required" : "", field.description || "",
  ]);
}

function operation(path, method, found) {
  const section = make("section", "card operation");
  const title = make("h2");
  title.append(make("code", "method", method.toUpperCase()), " ", make("code", "", path));
  section.append(title, make("p", "", found.description || found.summary));
  const inputs = (found.parameters || []).map((one) => [one.name, kindOf(one.schema), one.required ? "required" : "", one.description || ""]);
  const form = resolve(found.requestBody?.content?.["multipart/form-data"]?.schema);
  const rows = [...inputs, ...(form ? fields(form) : [])];
  if (rows.length) section.append(make("h3", "", form ? "Form fields" : "Parameters"), table(rows, ["name", "type", "", "meaning"]));
  const good = Object.entries(found.responses).find(([status]) => status.startsWith("2"));
  const answer = resolve(good?.[1].content?.["application/json"]?.schema);
  if (answer?.properties) section.append(make("h3", "", `Answer, ${good[0]}`), table(fields(answer), ["name", "type", "", "meaning"]));
  const bad = Object.entries(found.responses).filter(([status]) => !status.startsWith("2"));
  if (bad.length) section.append(make("h3", "", "Refusals"), table(bad.map(([status, one]) => [status, one.description]), ["status", "when"]));
  for (const sample of found["x-codeSamples"] || []) {
    section.append(make("h3", "", "Example"), make("pre", "", sample.source));
  }
  return section;
}

async function start() {
  schema = await (await fetch("/openapi.json")).json();
  const intro = make("p", "", `${schema.info.description} `);
  const link = make("a", "", "/openapi.json");
  link.href = "/openapi.json";
  intro.append("For machines: ", link, ".");
  const found = Object.entries(schema.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => operation(path, method, one)));
  at("reference").replaceChildren(intro, ...found);
}

start().catch(() => showTrouble(new Error("The reference could not be loaded: is the server still running?")));
