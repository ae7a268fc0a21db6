// The clip with everybody's box, the path, the zone and the time drawn over it. The file itself is not touched: the
// drawing is a canvas above the video, told by the picture that the browser shows at this very moment.

import { api } from "./api.js";
import { el } from "./dom.js";
import { both } from "./time.js";
import { TEXTS } from "./texts.js";

const NEAR_S = 0.6; // a box this far from the picture's time is not drawn

export class ClipPlayer extends HTMLElement {
  async show(item, alert, camera) {
    this.alert = alert;
    this.camera = camera;
    this.start = item.start_utc;
    this.video = el("video", { src: api.evidenceUrl(item.evidence_id), controls: true, autoplay: true, muted: true, playsinline: true, "aria-label": TEXTS.clipOf(alert.sentence) });
    this.video.muted = true;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.note = el("span", { class: "overlay-note" });
    this.toggle = el("button", { type: "button", class: "overlay-toggle", "aria-pressed": "true", "aria-keyshortcuts": "O", onclick: () => this.flip() }, TEXTS.overlay);
    this.replaceChildren(this.video, this.canvas, this.note, this.toggle);
    for (const name of ["loadedmetadata", "seeked", "pause", "timeupdate"]) this.video.addEventListener(name, () => this.#draw(this.video.currentTime));
    new ResizeObserver(() => this.#draw(this.video.currentTime)).observe(this);
    this.#follow();
    try {
      this.track = await api.track(alert.alert_id);
    } catch {
      this.track = null;
    }
    if (this.start === null || this.start === undefined || !this.track?.frames.length) this.note.textContent = TEXTS.noTrack;
    this.#draw(this.video.currentTime);
  }

  flip() {
    const on = this.toggle.getAttribute("aria-pressed") !== "true";
    this.toggle.setAttribute("aria-pressed", String(on));
    this.#draw(this.video.currentTime);
  }

  #follow() {
    if (!this.video.requestVideoFrameCallback) return;
    const next = (_now, frame) => {
      if (!this.isConnected) return;
      this.#draw(frame.mediaTime);
      this.video.requestVideoFrameCallback(next);
    };
    this.video.requestVideoFrameCallback(next);
  }

  #draw(mediaTime) {
    const { canvas, video } = this;
    const width = this.clientWidth;
    const height = this.clientHeight;
    const ratio = window.devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!video.videoWidth || this.toggle.getAttribute("aria-pressed") !== "true") return;
    const scale = Math.min(width / video.videoWidth, height / video.videoHeight);
    const box = { w: video.videoWidth * scale, h: video.videoHeight * scale };
    box.x = (width - box.w) / 2;
    box.y = (height - box.h) / 2;
    drawPlace(pen, box, this.camera, this.alert.zone_id);
    if (this.start === null || this.start === undefined) return;
    const utc = this.start + mediaTime;
    this.#people(pen, box, utc);
    label(pen, `${both(utc)}  ${this.alert.camera_id}`, box.x + 8, box.y + 22);
  }

  #people(pen, box, utc) {
    if (!this.track) return;
    const mine = new Set(this.track.track_ids);
    const { frames } = this.track;
    let at = upTo(frames, utc);
    if (at >= 0 && at + 1 < frames.length && frames[at + 1].utc - utc < utc - frames[at].utc) at += 1;
    this.#path(pen, box, frames, mine, utc);
    if (at < 0 || Math.abs(frames[at].utc - utc) > NEAR_S) return;
    for (const [track, x1, y1, x2, y2] of frames[at].boxes) {
      pen.lineWidth = mine.has(track) ? 3 : 1.5;
      pen.strokeStyle = mine.has(track) ? "#ffd479" : "#b8c4ce";
      pen.strokeRect(box.x + x1 * box.w, box.y + y1 * box.h, (x2 - x1) * box.w, (y2 - y1) * box.h);
      if (mine.has(track)) label(pen, TEXTS.since(utc - this.track.since_utc), box.x + x1 * box.w, box.y + y1 * box.h - 5);
    }
  }

  #path(pen, box, frames, mine, utc) {
    pen.strokeStyle = "#ffd479";
    pen.lineWidth = 2;
    pen.beginPath();
    let begun = false;
    for (const frame of frames) {
      if (frame.utc > utc) break;
      for (const [track, x1, , x2, y2] of frame.boxes) {
        if (!mine.has(track)) continue;
        const point = [box.x + ((x1 + x2) / 2) * box.w, box.y + y2 * box.h];
        begun ? pen.lineTo(...point) : pen.moveTo(...point);
        begun = true;
      }
    }
    pen.stroke();
  }
}

// Zones and lines of a camera; the one that an alert is about stands out.
export function drawPlace(pen, box, camera, chosen) {
  if (!camera) return;
  const shapes = [
    ...Object.entries(camera.zones ?? {}).map(([name, zone]) => [name, zone.polygon, true]),
    ...Object.entries(camera.lines ?? {}).map(([name, line]) => [name, line.points, false]),
  ];
  for (const [name, points, closed] of shapes) {
    pen.beginPath();
    points.forEach(([x, y], at) => pen[at ? "lineTo" : "moveTo"](box.x + x * box.w, box.y + y * box.h));
    if (closed) pen.closePath();
    pen.setLineDash(name === chosen ? [] : [5, 5]);
    pen.lineWidth = name === chosen ? 2.5 : 1;
    pen.strokeStyle = name === chosen ? "#8cc4dd" : "#8cc4dd99";
    pen.stroke();
    pen.setLineDash([]);
    if (name === chosen) label(pen, name, box.x + points[0][0] * box.w + 4, box.y + points[0][1] * box.h - 4);
  }
}

function upTo(frames, utc) {
  let low = 0;
  let high = frames.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames[middle].utc <= utc) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function label(pen, words, x, y) {
  pen.font = "600 13px system-ui, sans-serif";
  const { width } = pen.measureText(words);
  pen.fillStyle = "rgba(0, 0, 0, .65)";
  pen.fillRect(x - 3, y - 13, width + 6, 17);
  pen.fillStyle = "#fff";
  pen.fillText(words, x, y);
}

customElements.define("clip-player", ClipPlayer);
