/** Which key does what now. Plain; the door to React is `keys.tsx`. */

export interface KeyBinding {
  /** `J`, `Enter`, `Escape`, `?`, `/`, `1`, `Mod+K`, or a sequence as `G O`. Letters are given in upper case. */
  readonly keys: string;
  /** What it does, for the list of all keys. */
  readonly does: string;
  /** Returning `false` leaves the event to the browser and to whoever bound the key before. */
  run(event: KeyboardEvent): unknown;
}

export interface KeyLayer {
  readonly id: string;
  readonly group: string;
  readonly modal: boolean;
  readonly bindings: readonly KeyBinding[];
}

export interface KeyGroup {
  readonly group: string;
  readonly keys: readonly { readonly keys: string; readonly does: string }[];
}

export interface KeyRegistry {
  /** Adds a layer on top; the answer removes it. */
  add(layer: KeyLayer): () => void;
  groups(): readonly KeyGroup[];
  subscribe(changed: () => void): () => void;
  listen(target: Window): () => void;
}

/** How long the first key of a sequence waits for the second. */
const SEQUENCE_MS = 1_200;

/** The name a binding uses for a pressed key. */
export function keyName(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">): string | null {
  if (event.altKey) return null;
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toUpperCase() : event.key;
  if (["Shift", "Control", "Meta", "Alt"].includes(key)) return null;
  return event.ctrlKey || event.metaKey ? `Mod+${key}` : key;
}

/** In a field, letters are text: only combinations and Escape are keys. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit"].includes(target.type);
}

/** Enter and Space belong to the control that has the focus. */
function belongsToControl(name: string, target: EventTarget | null): boolean {
  if (name !== "Enter" && name !== "Space") return false;
  return target instanceof Element && target.closest("a[href],button,summary,[role=button],[role=option]") !== null;
}

export function createKeyRegistry(): KeyRegistry {
  let layers: readonly KeyLayer[] = [];
  let groups: readonly KeyGroup[] = [];
  const listeners = new Set<() => void>();
  let pending: { readonly name: string; readonly at: number } | null = null;

  const changed = () => {
    groups = grouped(layers);
    for (const listener of listeners) listener();
  };

  function handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const name = keyName(event);
    if (name === null) return;
    if (isTyping(event.target) && name !== "Escape" && !name.startsWith("Mod+")) return;
    if (belongsToControl(name, event.target)) return;
    const before = pending !== null && event.timeStamp - pending.at < SEQUENCE_MS ? pending.name : null;
    pending = null;
    const active = activeLayers(layers);
    const wanted = before === null ? [name] : [`${before} ${name}`, name];
    for (const keys of wanted)
      for (const layer of active)
        for (const binding of layer.bindings)
          if (binding.keys === keys && binding.run(event) !== false) {
            event.preventDefault();
            return;
          }
    if (active.some((layer) => layer.bindings.some((binding) => binding.keys.startsWith(`${name} `))))
      pending = { name, at: event.timeStamp };
  }

  return {
    add(layer) {
      layers = [...layers, layer];
      changed();
      return () => {
        layers = layers.filter((other) => other !== layer);
        changed();
      };
    },
    groups: () => groups,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    listen(target) {
      target.addEventListener("keydown", handle);
      return () => target.removeEventListener("keydown", handle);
    },
  };
}

/** Latest first; nothing below a modal layer acts. */
function activeLayers(layers: readonly KeyLayer[]): readonly KeyLayer[] {
  const from = layers.findLastIndex((layer) => layer.modal);
  return layers.slice(Math.max(0, from)).reverse();
}

function grouped(layers: readonly KeyLayer[]): readonly KeyGroup[] {
  const byGroup = new Map<string, Map<string, string>>();
  for (const layer of layers) {
    const group = byGroup.get(layer.group) ?? new Map<string, string>();
    for (const { keys, does } of layer.bindings) group.set(keys, does);
    byGroup.set(layer.group, group);
  }
  return [...byGroup].map(([group, keys]) => ({
    group,
    keys: [...keys].map(([combination, does]) => ({ keys: combination, does })),
  }));
}
