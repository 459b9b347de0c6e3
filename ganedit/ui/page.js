// The page's script: language, theme, keys, and pictures that are pasted or dropped anywhere.
(() => {
  "use strict";
  const LANGUAGE = "ganedit-language", THEME = "ganedit-theme";
  const TAKERS = [".ge-change input[type=file]", ".ge-drop input[type=file]"];

  const remembered = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };

  // Gradio sets the theme from the system, now and whenever the system changes; a choice made here is put back.
  let theme = remembered(THEME);
  const holdTheme = () => {
    if (theme && document.body.classList.contains("dark") !== (theme === "dark")) document.body.classList.toggle("dark");
  };
  new MutationObserver(holdTheme).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  holdTheme();

  const switchTheme = () => {
    theme = document.body.classList.contains("dark") ? "light" : "dark";
    remember(THEME, theme);
    holdTheme();
  };

  // On a switch of language Gradio forgets the names of the tabs that are not open. They may not be drawn yet.
  const nameTabs = (spoken) => {
    const names = [...document.querySelectorAll("[data-ge-tab]")];
    const texts = names.map((name) => document.getElementById(`ge-tab-${name.dataset.geTab}-button`)?.firstChild);
    if (!texts.length || texts.includes(undefined)) return void setTimeout(nameTabs, 100, spoken);
    names.forEach((name, i) => { texts[i].nodeValue = name.querySelector(`[lang="${spoken}"]`).textContent; });
  };

  // Gradio's module with the live switch of languages is loaded already; importing it again gives the same instance.
  const speak = async (language) => {
    const core = performance.getEntriesByType("resource").map((entry) => entry.name)
      .find((name) => /\/assets\/core-[\w-]+\.js$/.test(name));
    (await import(core)).changeLocale(language);
    document.documentElement.lang = language;
    nameTabs(language.startsWith("zh") ? "zh" : "en");
  };
  const switchLanguage = () => {
    const next = document.documentElement.lang.startsWith("zh") ? "en" : "zh-CN";
    remember(LANGUAGE, next);
    speak(next);
  };
  const language = remembered(LANGUAGE);
  if (language && language !== navigator.language) speak(language);

  const visible = (element) => element && element.getClientRects().length > 0;

  const take = (files) => {
    const picture = [...files].find((file) => file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?)$/i.test(file.name));
    const desk = [...document.querySelectorAll(".ge-desk")].find(visible);  // of the tab that is open
    const taker = desk && TAKERS.map((selector) => desk.querySelector(selector)).find(Boolean);
    if (!picture || !taker) return false;
    const carrier = new DataTransfer();
    carrier.items.add(picture);
    taker.files = carrier.files;
    taker.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };

  document.addEventListener("click", (event) => {
    const tool = event.target.closest?.("[data-ge]")?.dataset.ge;
    if (tool === "theme") switchTheme();
    if (tool === "language") switchLanguage();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const button = [...document.querySelectorAll(".ge-run")].find(visible);
    if (button && !button.disabled) { event.preventDefault(); button.click(); }
  });
  // While a key is held, the slider shows nothing but the original.
  const typing = (target) => target.closest?.("textarea, [contenteditable=true], input:not([type=range], [type=radio], [type=checkbox])");
  const look = (on) => document.documentElement.classList.toggle("ge-looking", on);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "o" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) look(true);
  });
  document.addEventListener("keyup", (event) => { if (event.key.toLowerCase() === "o") look(false); });
  window.addEventListener("blur", () => look(false));
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length && take(event.clipboardData.files)) event.preventDefault();
  });
  // A picture dropped beside the drop zone would make the browser leave the page.
  document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (event.defaultPrevented || event.target.closest?.(".ge-drop, input[type=file]")) return;
    if (event.dataTransfer?.files.length) { event.preventDefault(); take(event.dataTransfer.files); }
  });
})();
