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

// Severities grow darker and heavier together: whoever sees no hue still sees the order. Names are those of
// data/collections; what has none, or one this page does not know, is drawn as the first.
export const TRAFFIC_SEVERITY = [
  { code: '', colour: '#5f6f76', width: 3 },
  { code: 'low', colour: '#b08a00', width: 3.5 },
  { code: 'moderate', colour: '#b5651d', width: 4.5 },
  { code: 'high', colour: '#a8121f', width: 5.5 },
  { code: 'severe', colour: '#6b0f2e', width: 7 },
];

export const ALERT_SEVERITY = [
  { code: 'unknown', colour: '#56666c', pattern: 'dots', width: 1.5 },
  { code: 'minor', colour: '#8a6a00', pattern: 'dots', width: 1.5 },
  { code: 'moderate', colour: '#b85300', pattern: 'lines', width: 2 },
  { code: 'severe', colour: '#b01030', pattern: 'hatch', width: 2.5 },
  { code: 'extreme', colour: '#5b1478', pattern: 'cross', width: 3.5 },
];

/** What traffic is drawn as: its dash, in line widths. Solid when none is named. */
export const TRAFFIC_DASH = { roadworks: [2, 1], closure: [0.7, 0.7], event: [3, 1, 0.6, 1], flood: [1.2, 0.5] };

const HEALTH = '#a3123f';
const SAFETY = '#24489a';
const MOVING = '#00656f';
const MONEY = '#725100';
const GREEN = '#2c6a34';

/** White on each of these keeps a contrast of 4.5 or better. */
export const FACILITY_COLOUR = {
  hospital: HEALTH, clinic: HEALTH, pharmacy: HEALTH,
  police: SAFETY, fire: '#a8320a', public_office: SAFETY,
  school: '#6a3d9a', bus_stop: MOVING, metro: MOVING, parking: MOVING, camera: '#42525a', fuel: '#42525a',
  bank: MONEY, market: MONEY, park: GREEN, toilet: '#42525a', other: '#42525a',
};

export const severityOf = (scale, code) => scale.find((s) => s.code === code) ?? scale[0];
