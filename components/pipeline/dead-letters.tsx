"use client";
export function DeadLetters() {
  return null;
}
