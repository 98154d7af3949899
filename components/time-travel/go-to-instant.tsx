"use client";
import { useId, useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { Dialog } from "#components/ui/dialog.tsx";
import { formatInstantFull, zoneName } from "#components/ui/format.ts";
import { useInstants } from "#components/ui/instants.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import type { EpochMs } from "#server/kernel/clock.ts";
import { parseTyped } from "./typed-instant.ts";
import { useMoves } from "./use-travel.ts";

interface GoToInstantProps {
  readonly at: EpochMs | null;
  readonly now: EpochMs;
  readonly onClose: () => void;
}

/** An instant to show, and one to compare it with, typed. */
export function GoToInstant({ at, now, onClose }: GoToInstantProps) {
  const { zone } = usePreferences();
  const { show } = useMoves();
  const { with: other } = useInstants();
  const [text, setText] = useState(at === null ? "" : typed(at, zone));
  const [otherText, setOtherText] = useState(other === null ? "" : typed(other, zone));
  const wanted = text.trim() === "" ? null : parseTyped(text, zone, now);
  const compared = otherText.trim() === "" ? null : parseTyped(otherText, zone, now);
  const missing =
    wanted === null && text.trim() !== ""
      ? "The instant to show is none that can be read."
      : compared === null && otherText.trim() !== ""
        ? "The instant to compare with is none that can be read."
        : (wanted ?? 0) > now || (compared ?? 0) > now
          ? "It has not come yet."
          : null;
  const go = () => {
    if (missing !== null) return;
    show(wanted, compared);
    onClose();
  };
  return (
    <Dialog
      title="Show another instant"
      sub="A time alone is of the last day on which it has been. Empty means live, and no comparison."
      onClose={onClose}
    >
      <form
        className="dbody instants"
        onSubmit={(event) => {
          event.preventDefault();
          go();
        }}
      >
        <Field label="Everything as of" first text={text} zone={zone} now={now} read={wanted} onText={setText} />
        <Field label="Compare with" text={otherText} zone={zone} now={now} read={compared} onText={setOtherText} />
        <div className="row">
          <span className="small t3" aria-live="polite">
            {missing}
          </span>
          <span className="push row">
            <Button onPress={onClose} shortcut="Esc">
              Back
            </Button>
            <Button primary submit onPress={() => {}} refusal={missing}>
              Show
            </Button>
          </span>
        </div>
      </form>
    </Dialog>
  );
}

const typed = (at: EpochMs, zone: "utc" | "local"): string => formatInstantFull(at, zone).slice(0, 23);

interface FieldProps {
  readonly label: string;
  readonly first?: boolean;
  readonly text: string;
  readonly zone: "utc" | "local";
  readonly now: EpochMs;
  readonly read: EpochMs | null;
  readonly onText: (text: string) => void;
}

function Field({ label, first = false, text, zone, now, read, onText }: FieldProps) {
  const id = useId();
  return (
    <div>
      <label className="fl" htmlFor={id}>
        {label} <span className="t3">{zoneName(zone, now)}</span>
      </label>
      <input
        id={id}
        className="field mono"
        data-first={first || undefined}
        value={text}
        placeholder="03:12:07 or 2026-11-22 03:12"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => onText(event.target.value)}
      />
      <p className="small t3">{read === null ? "\u00a0" : formatInstantFull(read, zone)}</p>
    </div>
  );
}
