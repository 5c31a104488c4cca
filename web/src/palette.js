// Every colour of the map, each as a pair: [on light ground, on dark ground]. The style and the sprites are made of them
// when the page is built, the legend and the lists show them. web/test measures that they stay apart for every common
// kind of colour blindness; shape or words always say the same again.
export const THEMES = ['light', 'dark'];

export const OPEN = ['#d55e00', '#ff9a4d'];
export const CLOSED = ['#2b6cb0', '#6aaef2'];

/** What outlines a symbol, and what is drawn inside a filled one. */
export const RIM = ['#ffffff', '#0d181c'];
export const SIGN = ['#ffffff', '#0c1b20'];
export const SHADOW = ['rgba(18, 52, 59, 0.3)', 'rgba(190, 220, 222, 0.45)'];

export const INK = ['#27444b', '#d5e3e3'];
export const HALO = ['#ffffff', '#10191d'];
export const BORDER = ['#8d9c94', '#62736f'];
export const PICKED = ['#0b4a54', '#7fd6df'];

/** Clusters by count: at least `from` members, this wide, this fill, this ink (contrast 4.5 or better). The more, the stronger. */
export const CLUSTERS = [
  { from: 0, size: 30, fill: ['#f2f7f7', '#1f3036'], ink: ['#12343b', '#eaf4f4'] },
  { from: 10, size: 38, fill: ['#b5d6d8', '#24555d'], ink: ['#12343b', '#ffffff'] },
  { from: 100, size: 46, fill: ['#2a7781', '#7cc4cb'], ink: ['#ffffff', '#0c1b20'] },
  { from: 1000, size: 52, fill: ['#0b4a54', '#d3f1f3'], ink: ['#ffffff', '#0c1b20'] },
];

// Severities leave the ground further and grow heavier together: whoever sees no hue still sees the order. Names are those
// of data/collections; what has none, or one that is not here, is drawn as the first.
export const TRAFFIC_SEVERITY = [
  { code: '', colour: ['#5f6f76', '#8b9ba1'], width: 3 },
  { code: 'low', colour: ['#b08a00', '#857534'], width: 3.5 },
  { code: 'moderate', colour: ['#9f4d06', '#d4812c'], width: 4.5 },
  { code: 'high', colour: ['#8f0f1e', '#ffa79c'], width: 5.5 },
  { code: 'severe', colour: ['#4e0822', '#ffdfeb'], width: 7 },
];

export const ALERT_SEVERITY = [
  { code: 'unknown', colour: ['#56666c', '#93a5ab'], pattern: 'dots', width: 1.5 },
  { code: 'minor', colour: ['#907300', '#94802f'], pattern: 'dots', width: 1.5 },
  { code: 'moderate', colour: ['#923e00', '#ea9238'], pattern: 'lines', width: 2 },
  { code: 'severe', colour: ['#6c0a2c', '#ffb3bb'], pattern: 'hatch', width: 2.5 },
  { code: 'extreme', colour: ['#2a1272', '#f3dfff'], pattern: 'cross', width: 3.5 },
];

/** What traffic is drawn as: its dash, in line widths. Solid when none is named. */
export const TRAFFIC_DASH = { roadworks: [2, 1], closure: [0.7, 0.7], event: [3, 1, 0.6, 1], flood: [1.2, 0.5] };

const HEALTH = ['#a3123f', '#ff93a9'];
const SAFETY = ['#24489a', '#9db8ff'];
const MOVING = ['#00656f', '#5cc8d2'];
const MONEY = ['#725100', '#dbb75f'];
const GREEN = ['#2c6a34', '#86d191'];
const PLAIN = ['#42525a', '#a9bac0'];

/** SIGN on each of these keeps a contrast of 4.5 or better. */
export const FACILITY_COLOUR = {
  hospital: HEALTH, clinic: HEALTH, health_station: HEALTH, pharmacy: HEALTH,
  police: SAFETY, fire: ['#a8320a', '#ff9d76'], public_office: SAFETY, service_centre: SAFETY, shelter: SAFETY,
  school: ['#6a3d9a', '#cba8f2'], bus_stop: MOVING, bus_station: MOVING, ferry: MOVING, metro: MOVING, parking: MOVING, camera: PLAIN, fuel: PLAIN, ev_charging: MOVING,
  bank: MONEY, market: MONEY, park: GREEN, toilet: PLAIN, post_office: PLAIN, other: PLAIN,
};

export const severityOf = (scale, code) => scale.find((s) => s.code === code) ?? scale[0];
