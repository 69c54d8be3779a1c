// Draws every picture of the page from the specification beside it. Expressions are interpreted,
// never compiled, so that the page needs no right to run text as code.
import { expressionInterpreter } from "./vendor/vega-interpreter.js";

const { vega, vegaLite } = globalThis;

// A picture has its data in its specification; nothing may be fetched for it.
const loader = {
  load: () => Promise.reject(new Error("pictures load nothing")),
  sanitize: () => Promise.reject(new Error("pictures link nowhere")),
};

async function draw(figure) {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const picture = figure.querySelector(".chart__picture");
  // Its width is measured while drawing, so it must take part in the layout before.
  picture.hidden = false;
  try {
    const runtime = vega.parse(vegaLite.compile(spec).spec, null, { ast: true });
    const view = new vega.View(runtime, {
      container: picture,
      expr: expressionInterpreter,
      loader,
      renderer: "svg",
    });
    await view.runAsync();
    figure.querySelector("details").open = false;
  } catch (error) {
    picture.hidden = true; // the table stays open in its place
    throw error;
  }
}

for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
