"use client";
import { useId } from "react";
import { DURATIONS } from "./durations.ts";

interface DurationFieldProps {
  readonly minutes: number;
  readonly onMinutes: (minutes: number) => void;
}

/** Asks for how long something may be taken on, or silenced. */
export function DurationField({ minutes, onMinutes }: DurationFieldProps) {
  const id = useId();
  return (
    <div>
      <label className="fl" htmlFor={id}>
        For how long
      </label>
      <select id={id} className="field" value={minutes} onChange={({ target }) => onMinutes(Number(target.value))}>
        {DURATIONS.map((choice) => (
          <option key={choice.minutes} value={choice.minutes}>
            {choice.words}
          </option>
        ))}
      </select>
    </div>
  );
}
