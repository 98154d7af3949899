/** A log line for eyes: time, level, event, then fields as `name=value`; a stack on lines of its own. */
export function toTerminalLine(json: string): string {
  const line = parse(json);
  if (line === null) return json.endsWith("\n") ? json : `${json}\n`;
  const { time, level, event, ...fields } = line;
  const stacks: string[] = [];
  const shown = Object.entries(fields).map(([name, value]) => {
    if (typeof value === "object" && value !== null && "stack" in value && typeof value.stack === "string") {
      stacks.push(value.stack);
      return `${name}=${JSON.stringify("message" in value ? value.message : name)}`;
    }
    return `${name}=${typeof value === "string" && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`;
  });
  const clock = typeof time === "string" ? time.slice(11, 19) : "";
  const head = [clock, String(level).padEnd(5), String(event)].join(" ");
  return `${[[head, ...shown].join(" "), ...stacks].map(printable).join("\n")}\n`;
}

function parse(json: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

/** Names come from outside: what would move the cursor or turn the text around is shown as its code. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) =>
    character === "\n" || character === "\t"
      ? character
      : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
