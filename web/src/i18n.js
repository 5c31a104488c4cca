// Every word of the page in both languages, Vietnamese first, and how numbers, times and distances are written. What the
// city and its wards are called is the city's: `{unit}`, `{units}` and `{allUnits}` stand for that, with a capital where the
// name begins with one, `{a unit}` with the English article.
import { CITY } from './city.js';

const both = ({ vi, en }) => [vi, en];

const WORDS = {
  tagline: both(CITY.page.tagline),
  page: both(CITY.page.title),
  back: ['Quay lại', 'Back'],
  optional: ['không bắt buộc', 'optional'],
  licences: ['Giấy phép phần mềm', 'Software licences'],
  retry: ['Thử lại', 'Try again'],
  yes: ['Có', 'Yes'],
  no: ['Không', 'No'],
  skip: ['Đến danh sách', 'Skip to the list'],
  unreachable: ['Không kết nối được với máy chủ.', 'The server cannot be reached.'],
  now: ['vừa xong', 'just now'],
  loading: ['Đang tải…', 'Loading…'],
  'theme.dark': ['Giao diện tối', 'Dark theme'],
  'sheet.toggle': ['Mở rộng hoặc thu gọn bảng', 'Expand or collapse the panel'],

  'map.label': ['Bản đồ', 'Map'],
  'map.keys': [
    'Bản đồ. Dùng phím mũi tên để di chuyển, + và − để phóng to, thu nhỏ, Enter để mở điểm ở tâm.',
    'Map. Arrow keys move, plus and minus zoom, Enter opens what is at the centre of the map.',
  ],
  'map.approximate': ['Ranh giới gần đúng', 'Approximate boundaries'],
  'map.trouble': ['Mất kết nối, bản đồ có thể chưa mới', 'Connection lost, the map may be out of date'],
  'map.in': ['Phóng to', 'Zoom in'],
  'map.out': ['Thu nhỏ', 'Zoom out'],
  'map.north': ['Lên phía bắc', 'Move north'],
  'map.south': ['Xuống phía nam', 'Move south'],
  'map.west': ['Sang phía tây', 'Move west'],
  'map.east': ['Sang phía đông', 'Move east'],
  'map.still': ['Ảnh bản đồ; những gì trên đó cũng có trong danh sách.', 'A picture of the map; what stands on it is in the list as well.'],
  'map.none': [
    'Trình duyệt này không vẽ được bản đồ động (thiếu WebGL2): bản đồ hiện bằng ảnh.',
    'This browser cannot draw the live map (no WebGL2): here it is as a picture.',
  ],

  'layer.title': ['Lớp bản đồ', 'Map layers'],
  'layer.incidents': ['Phản ánh', 'Reports'],
  'layer.alerts': ['Cảnh báo', 'Alerts'],
  'layer.traffic': ['Giao thông', 'Traffic'],
  'layer.facilities': ['Tiện ích công cộng', 'Facilities'],
  'layer.wards': ['{Units}', '{Units}'],
  'layer.every': ['Tất cả các loại', 'All kinds'],
  'layer.kindTraffic': ['Loại giao thông', 'Kind of traffic'],
  'layer.kindFacilities': ['Loại tiện ích', 'Kind of facility'],
  'legend.title': ['Chú giải', 'Legend'],
  'legend.cluster': ['Số phản ánh; vòng ngoài là phần đang giải quyết', 'Number of reports; the ring is the share open'],
  'legend.border': ['Ranh giới {allUnits}', '{Unit} boundary'],

  'alert.title': ['Cảnh báo tại đây', 'Alerts here'],
  'alert.level': ['Mức độ', 'Severity'],
  'alert.until': ['đến {time}', 'until {time}'],
  'alert.more': ['Xem', 'Details'],
  'alert.away': ['Ẩn cảnh báo', 'Dismiss the alert'],
  'time.valid': ['Hiệu lực', 'In force'],
  'time.span': ['{from} – {to}', '{from} – {to}'],
  'time.from': ['từ {from}', 'from {from}'],
  'time.until': ['đến {to}', 'until {to}'],
  'hours.always': ['Mở cửa 24/7', 'Open 24/7'],
  'hours.off': ['nghỉ', 'closed'],

  'near.open': ['Đang mở cửa', 'Open now'],
  'near.closed': ['Đang đóng cửa', 'Closed now'],
  'near.opens': ['(mở lúc {time})', '(opens at {time})'],
  'near.unknown': ['Chưa rõ giờ mở cửa', 'Opening hours unknown'],
  'near.now': ['Lúc này', 'Now'],
  'near.distance': ['Khoảng cách', 'Distance'],
  'near.start': ['Gần tôi', 'Near me'],
  'near.title': ['Tiện ích gần tôi', 'Places near me'],
  'near.kind': ['Bạn cần tìm gì?', 'What are you looking for?'],
  'near.ward': ['Gần {units} nào?', 'Near which {unit}?'],
  'near.fromMe': ['Tính từ vị trí của bạn.', 'From your position.'],
  'near.fromCentre': ['Tính từ tâm bản đồ.', 'From the centre of the map.'],
  'near.fromWard': ['Tính từ giữa {units} đã chọn.', 'From the middle of the {unit} chosen.'],
  'near.chooseWard': ['Vui lòng chọn một {units}.', 'Choose {a unit} instead.'],
  'near.count': ['{n} nơi gần nhất:', 'The nearest {n}:'],
  'near.empty': ['Không tìm thấy nơi nào.', 'Nothing was found.'],

  'browse.title': ['Xem phản ánh', 'Browse reports'],
  'filter.title': ['Lọc phản ánh', 'Filter reports'],
  'filter.status': ['Tình trạng', 'Status'],
  'filter.all': ['Tất cả', 'All'],
  'filter.open': ['Đang giải quyết', 'Open'],
  'filter.closed': ['Đã kết thúc', 'Closed'],
  'filter.category': ['Lĩnh vực', 'Categories'],
  'filter.any': ['tất cả', 'all'],
  'filter.some': ['đã chọn {n}', '{n} chosen'],
  'filter.clear': ['Bỏ chọn hết', 'Clear'],
  'filter.failed': ['Không tải được danh mục lĩnh vực.', 'The categories could not be loaded.'],
  'count.one': ['{n} phản ánh', '{n} report'],
  'count.other': ['{n} phản ánh', '{n} reports'],
  'count.failed': ['Chưa đếm được số phản ánh.', 'The reports could not be counted.'],

  'list.box': ['Chỉ trong vùng đang xem', 'Only what the map shows'],
  'list.title': ['Phản ánh trong vùng đang xem', 'Reports in view'],
  'list.titleAt': ['Tại điểm này', 'At this spot'],
  'list.city': ['Phản ánh mới nhất trong thành phố', 'Latest reports in the city'],
  'list.layerView': ['{layer} trong vùng đang xem', '{layer} in view'],
  'list.layerCity': ['{layer} trong thành phố', '{layer} in the city'],
  'list.some': ['{n} trong {all}', '{n} of {all}'],
  'list.all': ['{all} mục', '{all} in all'],
  'list.none': ['Không có gì ở đây.', 'Nothing here.'],
  'ward.only': ['Chỉ {name}.', 'Only {name}.'],
  'ward.all': ['Xem toàn thành phố', 'Show the whole city'],
  'ward.gone': ['{name} không còn nữa. Địa bàn nay thuộc:', '{name} is no more. Its ground now belongs to:'],
  'ward.none': ['Không có {unit} mang mã {name}.', 'No {unit} has the code {name}.'],
  'list.wards': ['Hiện danh sách {units}', 'Show the list of {units}'],
  'list.off': ['Chưa bật lớp nào. Vui lòng chọn lớp bản đồ ở trên.', 'No layer is on. Choose map layers above.'],
  'list.note': ['{n} mới nhất trong {all}', 'Latest {n} of {all}'],
  'list.empty': ['Không có phản ánh nào ở đây với bộ lọc này.', 'No reports here with these filters.'],
  'list.whole': ['Xem cả vùng đang xem', 'Show the whole view'],

  'card.loading': ['Đang tải phản ánh…', 'Loading the report…'],
  'card.gone': ['Không còn phản ánh này.', 'This report is no longer available.'],
  'card.goneFeature': ['Không còn mục này.', 'This is no longer available.'],
  'card.wards': ['{Units}', '{Units}'],
  'card.ward': ['{Units}', '{Unit}'],
  'card.body': ['Đơn vị xử lý', 'Responsible'],
  'card.created': ['Tiếp nhận lúc', 'Received'],
  'card.updated': ['Cập nhật', 'Updated'],
  'card.due': ['Hạn xử lý', 'Due'],
  'card.overdue': ['trễ hạn', 'overdue'],
  'card.redirect': ['Nơi giải quyết', 'Where to go instead'],
  'card.address': ['Địa chỉ', 'Address'],
  'card.number': ['Mã số', 'Number'],
  'card.approximate': [
    '{Unit} được xác định theo ranh giới gần đúng.',
    'The {unit} was found with approximate boundaries.',
  ],
  'card.show': ['Xem trên bản đồ', 'Show on the map'],
  'card.placeless': ['Phản ánh này không gắn với một vị trí.', 'This report has no place on the map.'],
  'card.copy': ['Sao chép liên kết', 'Copy link'],
  'card.copied': ['Đã sao chép', 'Copied'],
  'card.page': ['Trang riêng', 'Its own page'],

  'state.received': ['Đã tiếp nhận', 'Received'],
  'state.forwarded': ['Đã chuyển xử lý', 'Forwarded'],
  'state.in_progress': ['Đang xử lý', 'In progress'],
  'state.reopened': ['Mở lại', 'Reopened'],
  'state.resolved': ['Đã giải quyết', 'Resolved'],
  'state.rejected': ['Không xử lý', 'Rejected'],
  'state.answered': ['Đã trả lời', 'Answered'],
  'state.redirected': ['Hướng dẫn nơi khác', 'Redirected'],
  'state.duplicate': ['Trùng phản ánh khác', 'Duplicate'],

  'where.open': ['Tôi ở {unit} nào?', 'Which {unit} am I in?'],
  'where.title': ['Tôi ở {unit} nào?', 'Which {unit} am I in?'],
  'where.hint': [
    'Chạm một điểm trên bản đồ, hoặc dùng vị trí của bạn.',
    'Tap a point on the map, or use your position.',
  ],
  'where.near': ['gần ranh giới với {ward}', 'near the border with {ward}'],
  'where.nearHint': [
    'Vị trí có thể sai vài chục mét, nên cũng có thể là {ward}.',
    'Positions can be some tens of metres off, so it may also be {ward}.',
  ],
  'where.border': ['Cách ranh giới {m}', '{m} from the border'],
  'where.offshore': ['Điểm nằm ngoài khơi, cách bờ {m}', 'The point is {m} off the shore'],
  'where.beside': [
    'Điểm nằm ngoài ranh giới thành phố {m}, trong phạm vi sai số của vị trí',
    'The point is {m} outside the city, which is within what the position may be off',
  ],
  'where.body': ['Đơn vị xử lý', 'Responsible'],
  'where.outside': ['Ngoài địa bàn thành phố', 'Outside the city'],
  'where.looking': ['Đang tra…', 'Looking it up…'],
  'where.report': ['Phản ánh tại đây', 'Report here'],
  'where.accuracy': ['Sai số vị trí khoảng {m}', 'Accurate to about {m}'],

  'place.hint': [
    'Chạm bản đồ để đặt điểm, kéo điểm để chỉnh.',
    'Tap the map to place the pin, drag it to adjust.',
  ],
  'place.me': ['Vị trí của tôi', 'My position'],
  'place.centre': ['Dùng tâm bản đồ', 'Use map centre'],
  'place.type': ['Nhập tọa độ', 'Type coordinates'],
  'place.lon': ['Kinh độ', 'Longitude'],
  'place.lat': ['Vĩ độ', 'Latitude'],
  'place.pin': ['Điểm phản ánh', 'Place of the report'],
  'place.denied': ['Trình duyệt chưa được phép dùng vị trí.', 'The browser may not use your position.'],
  'place.unknown': ['Không xác định được vị trí.', 'Your position could not be found.'],
  'place.finding': ['Đang xác định vị trí…', 'Finding your position…'],

  'report.open': ['Gửi phản ánh', 'Send a report'],
  'report.title': ['Gửi phản ánh', 'Send a report'],
  'report.category': ['Bạn phản ánh việc gì?', 'What is it about?'],
  'report.choose': ['Chọn lĩnh vực…', 'Choose a category…'],
  'report.place': ['Ở đâu?', 'Where?'],
  'report.ward': ['{Units} liên quan', '{Unit} concerned'],
  'report.chooseWard': ['Chọn {units}…', 'Choose {a unit}…'],
  'report.headline': ['Tiêu đề', 'Title'],
  'report.description': ['Mô tả', 'Description'],
  'report.address': ['Địa chỉ, mốc dễ tìm', 'Address or landmark'],
  'report.privacy': [
    'Nội dung sẽ được công khai. Vui lòng không ghi họ tên, số điện thoại, dữ liệu cá nhân.',
    'What you write will be public. Please leave out names, phone numbers and personal data.',
  ],
  'report.send': ['Gửi phản ánh', 'Send the report'],
  'report.sending': ['Đang gửi…', 'Sending…'],
  'report.answer': ['Chọn câu trả lời…', 'Choose an answer…'],
  'report.needCategory': ['Vui lòng chọn lĩnh vực.', 'Choose a category.'],
  'report.needPlace': ['Vui lòng đặt điểm trên bản đồ.', 'Place the pin on the map.'],
  'report.needWard': ['Vui lòng chọn {units}.', 'Choose {a unit}.'],
  'report.needAnswer': ['Vui lòng trả lời câu này.', 'Answer this question.'],
  'report.badPlace': ['Tọa độ không hợp lệ.', 'Invalid coordinates.'],
  'report.refused': ['Phản ánh chưa gửi được', 'The report was not accepted'],
  'report.lost': [
    'Mất kết nối khi đang gửi. Nội dung còn nguyên; gửi lại sẽ không tạo phản ánh trùng.',
    'The connection failed while sending. Nothing is lost; sending again will not make a duplicate.',
  ],
  'report.changed': [
    'Lần gửi trước đã tới nơi với nội dung khác. Bấm gửi lần nữa nếu muốn gửi nội dung này như một phản ánh mới.',
    'The earlier attempt did arrive, with other content. Press send again to send this as a new report.',
  ],
  'report.done': ['Đã tiếp nhận phản ánh', 'Report received'],
  'report.doneFor': ['Chuyển đến', 'It goes to'],
  'report.waits': [
    'Để giữ kín nơi và lúc, phản ánh này hiện trên bản đồ và danh sách khi hết giờ hiện tại.',
    'To protect where and when, this report appears on the map and lists when the present hour is over.',
  ],
  'report.see': ['Xem phản ánh', 'See the report'],
  'report.more': ['Gửi phản ánh khác', 'Send another'],
  'report.page': ['Theo dõi trên trang riêng', 'Follow it on its own page'],
  'report.kept': [
    'Thiết bị này giữ liên kết ở mục “Phản ánh của tôi”. Ai có liên kết đều đọc trước và xóa được phản ánh, nên đừng chia sẻ.',
    'This device keeps the link under “My reports”. Whoever has it can erase the report, so do not share it.',
  ],
  'report.notKept': [
    'Thiết bị này không lưu được liên kết. Hãy tự giữ lại: ai có nó đều xóa được phản ánh.',
    'This device cannot keep the link. Keep it yourself: whoever has it can erase the report.',
  ],

  'mine.title': ['Phản ánh của tôi', 'My reports'],
  'mine.note': [
    'Gửi từ thiết bị này. Danh sách chỉ nằm trên thiết bị.',
    'Sent from this device. The list is on the device only.',
  ],
  'mine.untitled': ['Phản ánh {id}', 'Report {id}'],
  'mine.forget': ['Quên', 'Forget'],
  'mine.forgetOne': ['Quên “{name}”', 'Forget “{name}”'],
  'mine.sure': ['Quên thật? Sẽ không xóa được nữa', 'Really? It cannot be erased then'],
};

export const LANGUAGES = ['vi', 'en'];
const asked = new URLSearchParams(location.search).get('lang');
let current = LANGUAGES.includes(asked) ? asked : CITY.language;
const listeners = [];

export const lang = () => current;
export const onLang = (listener) => listeners.push(listener);

/** The words for `key`, with `{name}` filled in. */
export function t(key, values = {}, language = current) {
  const pair = WORDS[key];
  if (!pair) return key;
  return pair[LANGUAGES.indexOf(language)].replace(/\{(a )?(\w+)\}/g, (_, article, name) => {
    const words = values[name] ?? unitWords(name, language);
    return article ? `${/^[aeiou]/i.test(words) ? 'an' : 'a'} ${words}` : words;
  });
}

const UNIT_WORDS = { unit: CITY.unit.one, units: CITY.unit.many, allUnits: CITY.unit.all };

/** What the city calls its wards, with a capital if `name` has one. */
function unitWords(name, language) {
  const plain = name[0].toLowerCase() + name.slice(1);
  const words = UNIT_WORDS[plain]?.[language] ?? '';
  return plain === name ? words : words.charAt(0).toUpperCase() + words.slice(1);
}

export const known = (key) => key in WORDS;

/** A `{vi, en}` pair from the server, or a plain string. */
export const pick = (words) => (typeof words === 'object' && words !== null ? (words[current] ?? words.vi ?? '') : (words ?? ''));

/** The property `{name}_vi` or `{name}_en` of a feature; the other where it has no words in the language of the page. */
export const pickOf = (p, name) => (current === 'en' && p[`${name}_en`]) || p[`${name}_vi`] || p[`${name}_en`] || '';

export function setLang(next) {
  current = next;
  applyWords();
  for (const listener of listeners) listener();
}

/** Fills the fixed words of the page: `data-i18n` is text, `data-i18n-label` an accessible name. */
export function applyWords() {
  document.documentElement.lang = current;
  document.title = t('page');
  for (const node of document.querySelectorAll('[data-i18n]')) node.textContent = t(node.dataset.i18n);
  for (const node of document.querySelectorAll('[data-i18n-label]')) node.setAttribute('aria-label', t(node.dataset.i18nLabel));
}

const locale = () => (current === 'vi' ? 'vi-VN' : 'en-GB');
export const number = (value) => new Intl.NumberFormat(locale()).format(value);
export const reports = (n) => t(n === 1 ? 'count.one' : 'count.other', { n: number(n) });
export const metres = (m) => (m < 1000 ? `${number(Math.round(m))} m` : `${number(Math.round(m / 100) / 10)} km`);

/** City time, whatever the clock of the reader says. */
export const dateTime = (instant) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short', timeZone: CITY.time_zone }).format(new Date(instant));

/** A time of these days, as short as it stays clear: today's without the date. */
export function soon(instant) {
  const at = new Date(instant);
  const day = (when) => new Intl.DateTimeFormat('en-CA', { timeZone: CITY.time_zone }).format(when);
  const date = day(at) === day(new Date()) ? {} : { day: 'numeric', month: 'numeric', year: Math.abs(at - Date.now()) > 200 * 86_400_000 ? 'numeric' : undefined };
  return new Intl.DateTimeFormat(locale(), { ...date, hour: '2-digit', minute: '2-digit', timeZone: CITY.time_zone }).format(at);
}

const DAYS = { Mo: 'T2', Tu: 'T3', We: 'T4', Th: 'T5', Fr: 'T6', Sa: 'T7', Su: 'CN', PH: 'ngày lễ' };

/** Opening hours as OpenStreetMap writes them, a line for each rule, in words that people know. */
export function hours(text) {
  return text.split(';').map((rule) => {
    const plain = rule.trim().replace(/^Mo-Su\s+(?=\d)/, '').replace('24/7', t('hours.always')).replace(/\b(off|closed)\b/, t('hours.off'));
    const local = current === 'vi' ? plain.replace(/\b(?:Mo|Tu|We|Th|Fr|Sa|Su|PH)\b/g, (day) => DAYS[day]) : plain;
    return local.replaceAll('-', '–').replaceAll(',', ', ');
  }).join('\n');
}

export function ago(instant, now = Date.now()) {
  const seconds = (new Date(instant) - now) / 1000;
  const relative = new Intl.RelativeTimeFormat(locale(), { numeric: 'auto' });
  for (const [unit, size] of [['day', 86_400], ['hour', 3_600], ['minute', 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return t('now');
}
