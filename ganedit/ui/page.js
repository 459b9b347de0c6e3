// Runs before Gradio's own code: language and theme must be known when it starts.
(() => {
  "use strict";
  const LANGUAGE = "ganedit-language", THEME = "ganedit-theme";
  const RUN = "#ge-run", TAKERS = ["#ge-change input[type=file]", "#ge-drop input[type=file]"];

  const remembered = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };

  // Gradio takes the language from the browser and the theme from the system; a choice made here comes first.
  const language = remembered(LANGUAGE);
  if (language) Object.defineProperty(navigator, "language", { get: () => language, configurable: true });
  const theme = remembered(THEME);
  if (theme) {
    const ask = window.matchMedia.bind(window);
    window.matchMedia = (query) => {
      const answer = ask(query);
      if (!/prefers-color-scheme/.test(query)) return answer;
      const matches = query.includes(theme);
      return { matches, media: query, onchange: null, addEventListener() {}, removeEventListener() {},
               addListener() {}, removeListener() {}, dispatchEvent: () => false };
    };
  }

  const switchTheme = () => {
    const dark = document.body.classList.toggle("dark");
    remember(THEME, dark ? "dark" : "light");
  };

  // Gradio's module with the live switch is loaded already; importing it again gives the same instance.
  const switchLanguage = async () => {
    const next = document.documentElement.lang.startsWith("zh") ? "en" : "zh-CN";
    remember(LANGUAGE, next);
    const core = performance.getEntriesByType("resource").map((entry) => entry.name)
      .find((name) => /\/assets\/core-[\w-]+\.js$/.test(name));
    try {
      (await import(core)).changeLocale(next);
      document.documentElement.lang = next;
    } catch {
      location.reload();
    }
  };

  const visible = (element) => element && element.getClientRects().length > 0;

  const take = (files) => {
    const picture = [...files].find((file) => file.type.startsWith("image/") || /\.(heic|heif|avif|tiff?)$/i.test(file.name));
    const taker = TAKERS.map((selector) => document.querySelector(selector)).find(Boolean);
    const tab = document.querySelector("#ge-tab-enhance");
    if (!picture || !taker || !visible(tab)) return false;
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
  document.addEventListener("paste", (event) => {
    if (event.clipboardData?.files.length && take(event.clipboardData.files)) event.preventDefault();
  });
  // A picture dropped beside the drop zone would make the browser leave the page.
  document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (event.defaultPrevented || event.target.closest?.("#ge-drop, input[type=file]")) return;
    if (event.dataTransfer?.files.length) { event.preventDefault(); take(event.dataTransfer.files); }
  });
})();
