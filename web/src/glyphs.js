// The signs inside our icons, drawn by us on a field of 16 by 16: `fill` by the even-odd rule, `line` with round ends.
const BUS = { fill: 'M4 1.5h8A1.5 1.5 0 0 1 13.5 3v9.5h-1V14h-2v-1.5h-5V14h-2v-1.5h-1V3A1.5 1.5 0 0 1 4 1.5zM4 4v4h8V4zM4.2 9.4h1.8V11H4.2zM10 9.4h1.8V11H10z' };
const DOT = { fill: 'M8 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8z' };

export const FACILITY = {
  hospital: { fill: 'M5.8 1.5h4.4v4.3h4.3v4.4h-4.3v4.3H5.8v-4.3H1.5V5.8h4.3z' },
  clinic: { fill: 'M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1zM8 2.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 1 1 8 2.6zM6.9 4.7h2.2v2.2h2.2v2.2H9.1v2.2H6.9V9.1H4.7V6.9h2.2z' },
  health_station: { fill: 'M8 1.2L15.2 7.4h-1.7V14.6h-11V7.4H.8zM6.9 6.6v2.2H4.7V11h2.2v2.2h2.2V11h2.2V8.8H9.1V6.6z' },
  pharmacy: { fill: 'M7.9 2.9a3.65 3.65 0 0 1 5.2 5.2L8.1 13.1A3.65 3.65 0 0 1 2.9 7.9zM9 4L6.6 6.4l3 3L12 7A2.12 2.12 0 0 0 9 4z' },
  school: { fill: 'M8 2.3L15.5 6 8 9.7 .5 6zM3.5 8.6L8 10.9l4.5-2.3v3c-1 1.3-2.7 2-4.5 2s-3.5-.7-4.5-2zM14 7.5h1.1v4.3H14z' },
  public_office: { fill: 'M8 1L14.8 4.7V6H1.2V4.7zM2.6 7.2h2.2v4.3H2.6zM6.9 7.2h2.2v4.3H6.9zM11.2 7.2h2.2v4.3h-2.2zM1.2 12.7h13.6V15H1.2z' },
  service_centre: { fill: 'M3.2 1h9.6v6.3H3.2zM5 2.9v1.3h6V2.9zM5 5.2v1.1h3.6V5.2zM1.2 8.6h13.6v2.2H1.2zM2.4 11.9h11.2V15H2.4z' },
  post_office: { fill: 'M1 3h14v.9L8 8.6 1 3.9zM1 5.9l7 4.7 7-4.7V13H1z' },
  police: { fill: 'M8 .8l6 2.1v4.7c0 3.7-2.5 6.2-6 7.6-3.5-1.4-6-3.9-6-7.6V2.9zM8 4L6.8 6.4l-2.7.4 2 1.9-.5 2.7L8 10.1l2.4 1.3-.5-2.7 2-1.9-2.7-.4z' },
  fire: { fill: 'M8.8.8c.3 2.9 4.3 4.6 4.3 8.8 0 3.2-2.3 5.6-5.1 5.6S2.9 12.8 2.9 9.8c0-2.1 1.2-3.3 2-4.8.7.7 1.1 1.4 1.2 2.3C7.7 6 9 3.6 8.8.8zM8.3 8.5C7.9 9.7 6.5 10.3 6.5 11.8c0 1 .7 1.7 1.6 1.7s1.6-.7 1.6-1.7c0-1.4-1-2.1-1.4-3.3z' },
  bus_stop: BUS,
  bus_station: { fill: 'M8 .8L15.2 4.4V6H.8V4.4zM4.4 7.2h7.2a1 1 0 0 1 1 1v5.4h-1V15H9.9v-1.4H6.1V15H4.4v-1.4h-1V8.2a1 1 0 0 1 1-1zM4.9 8.6v2.2h6.2V8.6z' },
  ferry: { fill: 'M6.6 1.2h2.8v2H12v3.2l2.2.9-1.7 4.2H3.5L1.8 7.3 4 6.4V3.2h2.6zM5.6 4.7v1.1L8 4.9l2.4.9V4.7z', line: 'M1.5 13.8c1.3-1.1 2.2-1.1 3.25 0s2.2 1.1 3.25 0 2.2-1.1 3.25 0 2.2 1.1 3.25 0' },
  metro: { fill: 'M1.5 13.5V2.5h2.9L8 8.3l3.6-5.8h2.9v11h-2.7V7L8.7 12H7.3L4.2 7v6.5z' },
  toilet: { fill: 'M4.3.8a1.7 1.7 0 1 0 0 3.4a1.7 1.7 0 1 0 0-3.4zM2 5h4.6v5H5.7v5.2H2.9V10H2zM11.7.8a1.7 1.7 0 1 0 0 3.4a1.7 1.7 0 1 0 0-3.4zM10.3 5h2.8l2.1 5.7h-2v4.5h-3v-4.5h-2z' },
  parking: { fill: 'M3.7 1.5h5.6a4.4 4.4 0 0 1 0 8.8H6.5v4.2H3.7zM6.5 4v3.8h2.6a1.9 1.9 0 0 0 0-3.8z' },
  camera: { fill: 'M1.7 3.9h7.6a1 1 0 0 1 1 1v6.2a1 1 0 0 1-1 1H1.7a1 1 0 0 1-1-1V4.9a1 1 0 0 1 1-1zM11.5 7.2l3.8-2.4v6.4l-3.8-2.4z' },
  fuel: { fill: 'M3 1.5h5.5a1 1 0 0 1 1 1V13h.8v1.7H1.2V13H2V2.5a1 1 0 0 1 1-1zM3.7 3.3v3.5h4.1V3.3z', line: 'M10 8h1.1v3.6a1.1 1.1 0 0 0 2.3 0V5.8L11.7 4' },
  ev_charging: { fill: 'M3 1.5h5.5a1 1 0 0 1 1 1V13h.8v1.7H1.2V13H2V2.5a1 1 0 0 1 1-1zM6.4 3L3.6 8h1.7l-.6 3.6L7.9 6.6H6z', line: 'M10 8h1.1v3.6a1.1 1.1 0 0 0 2.3 0V5.8L11.7 4' },
  bank: { fill: 'M.8 3.5h14.4v9H.8zM8 5.3a2.7 2.7 0 1 0 0 5.4a2.7 2.7 0 1 0 0-5.4zM2.4 7.2v1.6h1.7V7.2zM11.9 7.2v1.6h1.7V7.2z' },
  market: { fill: 'M.8 6.5h14.4L13.3 14H2.7zM5 8.3v3.9h1.3V8.3zM9.7 8.3v3.9H11V8.3z', line: 'M4.3 6.3L6.8 2M11.7 6.3L9.2 2' },
  park: { fill: 'M8 .8l4.5 5.2h-1.8l3.6 4.6H9.1v4.2H6.9v-4.2H1.7L5.3 6H3.5z' },
  shelter: { fill: 'M8 1.2L15.2 7.4h-1.7V14.6h-11V7.4H.8zM8 5.4a1.6 1.6 0 1 0 0 3.2a1.6 1.6 0 1 0 0-3.2zM5.4 9.6h5.2v3.5H5.4z' },
  other: DOT,
};

export const TRAFFIC = {
  congestion: { fill: 'M4.6 2.8h6.8l1.7 4.2H15v6h-2.2v-1.5H3.2V13H1V7h1.9zM5.7 4.5L4.7 7h6.6l-1-2.5zM3 8.3v1.6h2V8.3zM11 8.3v1.6h2V8.3z' },
  crash: { fill: 'M8 .5l1.7 4L13.5 2.5l-2 3.8 4 1.7-4 1.7 2 3.8-3.8-2L8 15.5l-1.7-4-3.8 2 2-3.8L.5 8l4-1.7-2-3.8 3.8 2z' },
  roadworks: { fill: 'M6.8 1.2h2.4l.9 2.9H5.9zM5.4 5.6h5.2l.9 2.9h-7zM4 10h8l.7 2.3H15v2.2H1v-2.2h2.3z' },
  closure: { fill: 'M1.5 5.8h13v4.4h-13z' },
  flood: { line: 'M1.5 5.4c1.7-1.7 2.7-1.7 4.35 0s2.7 1.7 4.35 0 2.7-1.7 4.3 0M1.5 10.6c1.7-1.7 2.7-1.7 4.35 0s2.7 1.7 4.35 0 2.7-1.7 4.3 0', width: 2.2 },
  hazard: { fill: 'M6.6 1.5h2.8L9 9.8H7zM8 11.3a1.7 1.7 0 1 0 0 3.4a1.7 1.7 0 1 0 0-3.4z' },
  event: { fill: 'M3.2 1h2v14h-2zM6 2h8.2l-2.2 3.2 2.2 3.2H6z' },
  transit: BUS,
  junction: { fill: 'M6.5 1h3v5.5H15v3H9.5V15h-3V9.5H1v-3h5.5z' },
  road: { fill: 'M5.2 1.5h1.9L5.2 14.5H1.7zM8.9 1.5h1.9l3.5 13h-3.5zM7.4 3h1.2l.2 2.8H7.2zM7.1 8h1.8l.2 4.5H6.9z' },
  other: DOT,
};

export const WARNING = TRAFFIC.hazard;
