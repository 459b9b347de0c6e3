// The painter's script. Gradio runs it once for every painter it draws, with `element`, `props`, `trigger` and `watch`.
//
// The mask is a canvas of the picture's size on which a pixel is opaque (painted) or clear, never between. What an event
// of the page reads is `props.value`, written at the end of every stroke before anything else can happen. The template
// has no placeholder, so that Gradio leaves these elements alone when the value changes.
"use strict";
const PAINT = "#ff2d55", LOOSE = "#22d3ee"; // of the mask, and of strokes that are only asked about
const PAINT_WORD = 0xff552dff; // the same as a pixel in memory
const OVERLAY = 0.55, OPAQUE = 100; // a little under half, so that a line of one pixel has no gaps
const STEPS_KEPT = 60, LARGEST_PX = 200, CLOSEST = 16;
const KEYS = { b: "brush", e: "eraser", s: "select", "[": "thinner", "]": "thicker", 0: "fit" };
const LOOK_KEYS = ["o", "\\"];

const root = element.querySelector(".ge-paint"), stage = root.querySelector(".ge-paint-stage");
const canvas = stage.querySelector("canvas"), slider = root.querySelector("input[type=range]");
const button = (name) => root.querySelector(`[data-paint="${name}"]`);
const layer = () => document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const view = canvas.getContext("2d"), mask = layer(), loose = layer();

let picture = null, ready = false; // the <img>; whether it may be painted on
let arrivals = Promise.resolve(), published = null; // what the server sent, one after the other; what it may read
let tool = "brush", size = 32, looking = false; // size in pixels of the picture; looking at the original
let scale = 1, left = 0, top = 0, fitted = true; // where the picture is in the stage, in CSS pixels
let past = [], now = new Uint8Array(), future = []; // masks, one bit a pixel
let turn = Date.now(); // number of the value; the server says with its mask which value it looked at
const seen = new Map(); // the masks of the last values
let stroke = null, last = null, lifted = null; // the stroke being drawn; where the last ended; whom to tell of its end
let hover = null, space = false, panning = false; // the pointer in the stage; keys and buttons that move the picture
const fingers = new Map(); // where each finger is, by pointer id

// ---- the mask and its history

const clear = (context) => context.clearRect(0, 0, context.canvas.width, context.canvas.height);
const isBlank = (bits) => bits.every((byte) => byte === 0);

const pack = () => {
  const { width, height } = mask.canvas;
  const alpha = mask.getImageData(0, 0, width, height).data;
  const bits = new Uint8Array(Math.ceil(width * height / 8));
  for (let i = 0; i < width * height; i++) if (alpha[4 * i + 3] >= OPAQUE) bits[i >> 3] |= 1 << (i & 7);
  return bits;
};

const unpack = (bits) => {
  const image = mask.createImageData(mask.canvas.width, mask.canvas.height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < words.length; i++) if (bits[i >> 3] >> (i & 7) & 1) words[i] = PAINT_WORD;
  mask.putImageData(image, 0, 0);
};

const publish = (strokeDrawn = "") => {
  const drawn = isBlank(now) ? "" : mask.canvas.toDataURL("image/png");
  seen.set(++turn, now).delete(turn - STEPS_KEPT);
  published = { picture: props.value.picture, mask: drawn, stroke: strokeDrawn, turn };
  props.value = published;
  update();
};

const keep = (bits) => {
  unpack(bits);
  if (bits.every((byte, i) => byte === now[i])) return;
  past = [...past, now].slice(-STEPS_KEPT);
  [now, future] = [bits, []];
};

const change = (bits) => { keep(bits); publish(); };

const step = (from, onto) => {
  if (!from.length) return;
  onto.push(now);
  now = from.pop();
  unpack(now);
  publish();
};

const inverted = () => {
  const bits = now.map((byte) => ~byte), spare = mask.canvas.width * mask.canvas.height & 7;
  if (spare) bits[bits.length - 1] &= (1 << spare) - 1; // bits past the last pixel are no paint
  return bits;
};

// ---- where things are

const fit = () => { scale = 0; settle(); };
const within = (offset, length, room) => length <= room ? (room - length) / 2 : Math.min(0, Math.max(room - length, offset));

const settle = () => {
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  const whole = Math.min(stage.clientWidth / width, stage.clientHeight / height);
  scale = Math.min(Math.max(scale, whole), Math.max(CLOSEST, whole));
  fitted = scale < whole * 1.001;
  left = within(left, width * scale, stage.clientWidth);
  top = within(top, height * scale, stage.clientHeight);
  draw();
};

const zoom = (factor, [x, y]) => {
  const before = scale;
  scale = Math.min(scale * factor, CLOSEST);
  left = x - (x - left) * scale / before;
  top = y - (y - top) * scale / before;
  settle();
};

const move = (dx, dy) => { left += dx; top += dy; settle(); };
const middle = () => [stage.clientWidth / 2, stage.clientHeight / 2];

const spot = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

// Thin brushes are put where they cover whole pixels; anywhere else they would cover two by half.
const onPicture = ([x, y]) => [(x - left) / scale, (y - top) / scale]
  .map((at) => size < 4 ? Math.round(at - size / 2) + size / 2 : at);

// ---- what is seen

let frame = 0;
const draw = () => { frame ||= requestAnimationFrame(render); };

const render = () => {
  frame = 0;
  view.setTransform(1, 0, 0, 1, 0, 0);
  clear(view);
  if (!picture) return;
  const ratio = canvas.width / stage.clientWidth;
  view.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top);
  view.imageSmoothingQuality = "high";
  view.drawImage(picture, 0, 0);
  if (!looking) {
    view.imageSmoothingEnabled = scale < 4; // close up, pixels are what one wants to see
    view.globalAlpha = OVERLAY;
    view.drawImage(mask.canvas, 0, 0);
    view.globalAlpha = 0.8;
    view.drawImage(loose.canvas, 0, 0);
    view.globalAlpha = 1;
    view.imageSmoothingEnabled = true;
  }
  const radius = size * scale / 2, moving = space || panning;
  if (hover && !moving && !looking && radius >= 2.5) {
    view.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const [width, color] of [[3, "rgb(0 0 0 / 55%)"], [1.25, "#fff"]]) {
      view.beginPath();
      view.arc(...hover, radius, 0, 2 * Math.PI);
      view.lineWidth = width;
      view.strokeStyle = color;
      view.stroke();
    }
  }
  canvas.style.cursor = panning ? "grabbing" : space ? "grab" : radius < 2.5 ? "crosshair" : "none";
};

const update = () => {
  for (const name of ["brush", "eraser", "select"]) button(name).setAttribute("aria-pressed", tool === name);
  button("original").setAttribute("aria-pressed", looking);
  button("undo").disabled = !past.length;
  button("redo").disabled = !future.length;
  button("clear").disabled = isBlank(now);
  root.querySelector("output").value = slider.ariaValueText = `${size} px`;
  draw();
};

const resize = () => {
  if (!picture || !stage.clientWidth) return;
  const { clientWidth: width, clientHeight: height } = stage, ratio = window.devicePixelRatio;
  const [wider, taller] = [width - canvas.width / ratio, height - canvas.height / ratio];
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  if (fitted) fit(); else move(wider / 2, taller / 2);
  render(); // at once: a canvas of a new size is blank
};

// ---- strokes

const trace = (context, points, wipes) => {
  context.globalCompositeOperation = wipes ? "destination-out" : "source-over";
  context.strokeStyle = context === loose ? LOOSE : PAINT;
  context.lineCap = context.lineJoin = "round";
  context.lineWidth = size;
  context.beginPath();
  context.moveTo(...points[0]);
  for (const [x, y] of points) context.lineTo(x + 1e-3, y); // a line without length may be left out
  context.stroke();
};

const begin = (event) => {
  const point = onPicture(spot(event)), wipes = tool === "eraser" || event.button !== 0;
  const context = tool === "select" && !wipes ? loose : mask;
  clear(loose);
  stroke = { context, wipes, points: event.shiftKey && last ? [last, point] : [point] };
  trace(context, stroke.points, wipes);
  draw();
};

const extend = (event) => {
  const events = event.getCoalescedEvents?.() ?? [];
  const points = (events.length ? events : [event]).map((one) => onPicture(spot(one)));
  trace(stroke.context, [stroke.points.at(-1), ...points], stroke.wipes);
  stroke.points.push(...points);
};

const finish = () => {
  if (!stroke) return;
  const { context, points, wipes } = stroke;
  stroke = null;
  last = points.at(-1);
  // Drawn anew in one piece: where the pieces met, their soft edges have added up.
  if (context === mask) unpack(now); else clear(loose);
  trace(context, points, wipes);
  if (context === mask) change(pack());
  else {
    publish(loose.canvas.toDataURL("image/png"));
    trigger("select");
  }
  lifted?.();
};

const cancel = () => { stroke = null; unpack(now); clear(loose); draw(); lifted?.(); };

const pinch = (event) => {
  const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
  const was = fingers.get(event.pointerId), is = spot(event);
  const apart = ([x, y]) => Math.max(1, Math.hypot(x - other[0], y - other[1]));
  zoom(apart(is) / apart(was), [(was[0] + other[0]) / 2, (was[1] + other[1]) / 2]);
  move((is[0] - was[0]) / 2, (is[1] - was[1]) / 2);
};

canvas.addEventListener("pointerdown", (event) => {
  if (!ready) return;
  event.preventDefault();
  canvas.focus({ preventScroll: true });
  canvas.setPointerCapture(event.pointerId);
  hover = spot(event);
  if (event.pointerType === "touch") fingers.set(event.pointerId, hover);
  if (fingers.size > 1) { panning = true; cancel(); }
  else if (event.button === 1 || space) panning = true;
  else if (!stroke && !panning) begin(event);
  draw();
});
canvas.addEventListener("pointermove", (event) => {
  if (!ready) return;
  const is = spot(event);
  if (fingers.size === 2 && fingers.has(event.pointerId)) pinch(event);
  else if (stroke) extend(event);
  else if (panning && !fingers.size) move(is[0] - hover[0], is[1] - hover[1]);
  if (fingers.has(event.pointerId)) fingers.set(event.pointerId, is);
  hover = is;
  draw();
});
const lift = (event) => {
  fingers.delete(event.pointerId);
  finish();
  if (!fingers.size) panning = false; // the second finger of a pinch does not paint while it is still down
  if (event.pointerType === "touch") hover = null;
  draw();
};
canvas.addEventListener("pointerup", lift);
canvas.addEventListener("pointercancel", lift);
canvas.addEventListener("pointerleave", () => { if (!stroke && !panning) { hover = null; draw(); } });
canvas.addEventListener("contextmenu", (event) => event.preventDefault());
canvas.addEventListener("wheel", (event) => {
  if (!ready || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  zoom(Math.exp(-Math.max(-30, Math.min(30, event.deltaY)) / 100), spot(event));
}, { passive: false });

// ---- the toolbar and the keys

const choose = (name) => { tool = name; clear(loose); update(); };
const resizeBrush = (wanted) => {
  size = Math.max(1, Math.min(LARGEST_PX, wanted));
  slider.value = 100 * Math.log(size) / Math.log(LARGEST_PX); // each step of the slider is the same share of the size
  update();
};
const look = (on) => { if (looking !== on) { looking = on; update(); } };

const commands = {
  brush: () => choose("brush"),
  eraser: () => choose("eraser"),
  select: () => choose("select"),
  thinner: () => resizeBrush(Math.min(size - 1, Math.round(size / 1.2))),
  thicker: () => resizeBrush(Math.max(size + 1, Math.round(size * 1.2))),
  undo: () => step(past, future),
  redo: () => step(future, past),
  clear: () => change(new Uint8Array(now.length)),
  invert: () => change(inverted()),
  out: () => zoom(1 / 1.5, middle()),
  in: () => zoom(1.5, middle()),
  fit,
};
const run = (name) => {
  if (!ready || !commands[name]) return;
  finish();
  clear(loose);
  commands[name]();
};

root.addEventListener("click", (event) => run(event.target.closest("[data-paint]")?.dataset.paint));
slider.addEventListener("input", () => { hover = middle(); resizeBrush(Math.round(LARGEST_PX ** (slider.value / 100))); });
slider.addEventListener("change", () => { hover = null; draw(); });

const eye = button("original");
eye.addEventListener("pointerdown", (event) => { eye.setPointerCapture(event.pointerId); look(true); });
for (const name of ["pointerup", "pointercancel", "blur"]) eye.addEventListener(name, () => look(false));
eye.addEventListener("contextmenu", (event) => event.preventDefault()); // a long touch
eye.addEventListener("keydown", (event) => { if (event.key === " " || event.key === "Enter") look(true); });
eye.addEventListener("keyup", () => look(false));

const leaving = new AbortController();
const listen = (target, type, answer) => target.addEventListener(type, (event) => {
  if (element.isConnected) answer(event); else leaving.abort(); // Gradio tells nobody that it took a painter away
}, { signal: leaving.signal });
const typing = (target) => target.closest?.(
  "textarea, select, [contenteditable=true], input:not([type=range], [type=checkbox], [type=radio], [type=button])",
);

listen(document, "keydown", (event) => {
  if (!ready || !canvas.getClientRects().length || typing(event.target)) return;
  const key = event.key.toLowerCase(), layered = event.altKey && !event.getModifierState("AltGraph");
  const command = (event.ctrlKey || event.metaKey) && !event.altKey;
  const name = command ? { z: event.shiftKey ? "redo" : "undo", y: "redo" }[key] : layered ? undefined : KEYS[key];
  if (name) { event.preventDefault(); run(name); }
  if (!command && !layered && LOOK_KEYS.includes(key)) look(true);
  if (key === " " && hover) { event.preventDefault(); space = true; draw(); }
});
listen(document, "keyup", (event) => {
  if (LOOK_KEYS.includes(event.key.toLowerCase())) look(false);
  if (event.key !== " " || !space) return;
  event.preventDefault(); // or it presses the button that has the focus
  space = false;
  draw();
});
listen(window, "blur", () => { space = false; look(false); });

// ---- what the server sends

const load = async (address) => {
  if (!address) return null;
  const image = new Image();
  image.src = address;
  try { await image.decode(); return image; } catch { return null; }
};

// What the visitor has painted since the server looked is kept: only what the server changed is changed here.
const merged = (bits, asked) => asked ? bits.map((byte, i) => now[i] ^ (now[i] ^ byte) & (asked[i] ^ byte)) : bits;

const accept = async (value) => {
  while (stroke) await new Promise((done) => { lifted = done; });
  ready = false;
  // Behind a proxy the page has a path of its own.
  const address = value.picture && new URL((window.gradio_config?.root ?? "") + value.picture, document.baseURI).href;
  const same = picture?.src === address;
  const [shown, drawn] = await Promise.all([same ? picture : load(address), load(value.mask)]);
  const before = [mask.canvas.width, mask.canvas.height];
  picture = shown;
  root.hidden = !picture;
  if (!picture) return;
  const [width, height] = [picture.naturalWidth, picture.naturalHeight];
  const goesOn = value.undoable && before[0] === width && before[1] === height;
  for (const { canvas: sheet } of [mask, loose]) [sheet.width, sheet.height] = [width, height];
  if (drawn) mask.drawImage(drawn, 0, 0, width, height);
  const bits = pack();
  if (goesOn) keep(merged(bits, seen.get(value.turn)));
  else {
    [past, now, future, last] = [[], bits, [], null];
    seen.clear();
    unpack(bits);
    stage.style.aspectRatio = `${width} / ${height}`;
    fitted = true;
  }
  ready = true;
  resize();
  publish();
};

new ResizeObserver(resize).observe(stage);
const receive = () => {
  const value = props.value ?? {};
  if (value !== published) arrivals = arrivals.then(() => accept(value));
};
watch("value", receive);
resizeBrush(size);
receive();
