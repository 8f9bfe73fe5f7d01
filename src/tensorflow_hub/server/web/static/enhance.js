// Improvements with JavaScript. All pages also work without it.
"use strict";

function addCopyButton(block) {
  const code = block.querySelector("code");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  const status = document.createElement("span");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  button.addEventListener("click", async () => {
    const copied = await copy(code);
    button.textContent = copied ? "Copied" : "Press Ctrl+C";
    status.textContent = copied ? "Copied to the clipboard" : "Selected: press Ctrl+C to copy";
    setTimeout(() => { button.textContent = "Copy"; status.textContent = ""; }, 2500);
  });
  block.append(button, status);
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    // Browsers have no clipboard API on plain HTTP. So the code is selected, and the user copies it with a key.
    const range = document.createRange();
    range.selectNodeContents(code);
    const selection = getSelection();
    selection.removeAllRanges();
    selection.addRange(range);
    return false;
  }
}

document.querySelectorAll(".code-block").forEach(addCopyButton);

// On narrow screens the filters start closed; without JavaScript they stay open.
if (matchMedia("(max-width: 56rem)").matches) {
  document.querySelectorAll("details.all-facets").forEach((facets) => { facets.open = false; });
}

// What takes a while says so on its button: the page stays until the answer comes.
document.querySelectorAll("form[data-busy]").forEach((form) => {
  const button = form.querySelector("button");
  const text = button.textContent;
  form.addEventListener("submit", () => { button.textContent = form.dataset.busy; });
  addEventListener("pageshow", () => { button.textContent = text; });
});

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    document.querySelector("input[type=search]")?.focus();
  }
});
