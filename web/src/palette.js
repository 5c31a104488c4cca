// The colours the map shares with style.css. Orange and blue stay apart for every common kind of colour blindness,
// and shape or words always say the same again.
export const OPEN = '#d55e00';
export const CLOSED = '#2b6cb0';

/** Clusters by count: at least `from` members, this wide, this fill, this ink (contrast 4.5 or better). */
export const CLUSTERS = [
  { from: 0, size: 30, fill: '#f2f7f7', ink: '#12343b' },
  { from: 10, size: 38, fill: '#b5d6d8', ink: '#12343b' },
  { from: 100, size: 46, fill: '#2a7781', ink: '#ffffff' },
  { from: 1000, size: 52, fill: '#0b4a54', ink: '#ffffff' },
];
