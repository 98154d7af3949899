"use client";
import { useEffect, useState } from "react";

/** The scrolling part of the shell. */
const SCROLLER_ID = "main";
/** Below this the reader is at the top. */
const TOP_PX = 120;

/** Whether somebody has scrolled down the page: then nothing is put in above what they read. */
export function useScrolled(): readonly [scrolled: boolean, toTop: () => void] {
  const [scrolled, setScrolled] = useState(false);
  useEffect(() => {
    const box = document.getElementById(SCROLLER_ID);
    if (box === null) return;
    const look = () => setScrolled(box.scrollTop > TOP_PX);
    look();
    box.addEventListener("scroll", look, { passive: true });
    return () => box.removeEventListener("scroll", look);
  }, []);
  return [scrolled, () => document.getElementById(SCROLLER_ID)?.scrollTo({ top: 0 })];
}
