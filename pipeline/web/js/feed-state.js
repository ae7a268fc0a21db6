// Whether the feed is live, in the corner; a lost feed also takes a loud bar across the page.

import { TEXTS } from "./texts.js";

export class FeedState extends HTMLElement {
  connect(feed, bar) {
    this.textContent = TEXTS.feed.connecting;
    feed.addEventListener("state", ({ detail }) => {
      this.textContent = detail.live ? TEXTS.feed.live : TEXTS.feed.lostShort;
      this.classList.toggle("live", detail.live);
      this.classList.toggle("down", !detail.live);
      bar.hidden = detail.live;
      if (!detail.live) bar.textContent = TEXTS.feed.lost(detail.since.toLocaleTimeString("en-GB"));
    });
  }
}

customElements.define("feed-state", FeedState);
