/** The shared worker: one connection for all tabs of one login and one build. */
import { browserPorts } from "./browser-ports.ts";
import { createFeed } from "./feed.ts";
import { HERE_EVERY_MS, type TabMessage } from "./tab-messages.ts";
import { createTabs, type TabPort } from "./tabs.ts";

declare const self: { onconnect: ((event: MessageEvent) => void) | null };

const tabs = createTabs(createFeed(browserPorts));
setInterval(() => tabs.sweep(Date.now()), HERE_EVERY_MS);

self.onconnect = ({ ports: [port] }) => {
  if (port === undefined) return;
  const tab: TabPort = { post: (message) => port.postMessage(message) };
  port.onmessage = (event: MessageEvent<TabMessage>) => tabs.heard(tab, event.data, Date.now());
};
