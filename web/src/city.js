// What the page must know of the city before it asks for anything: the server writes it into the page, from data/city.toml.
export const CITY = JSON.parse(document.getElementById('city').textContent);

const [west, south, east, north] = CITY.map.bounds;
/** The first view, and how far one may wander from it. */
export const CENTRE = CITY.map.center;
export const REACH = [[west, south], [east, north]];
export const firstZoom = () => CITY.map.zoom - (innerWidth < 720 ? 1 : 0);
