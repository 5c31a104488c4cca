//! The words of a report's page, in Vietnamese and in English. What is told of the report itself is the core's
//! (`domain::report::words`).

/// In Vietnamese and in English.
pub(super) type Pair = (&'static str, &'static str);

pub(super) const REPORT: Pair = ("Phản ánh", "Report");
pub(super) const ABOUT: Pair = ("Về phản ánh này", "About this report");
pub(super) const WHERE: Pair = ("Địa bàn", "Where");
pub(super) const BODY: Pair = ("Nơi phụ trách", "Responsible");
pub(super) const RECEIVED: Pair = ("Tiếp nhận", "Received");
pub(super) const SEEN: Pair = ("Nhìn thấy", "Seen");
pub(super) const ADDRESS: Pair = ("Địa chỉ", "Address");
pub(super) const NUMBER: Pair = ("Mã số", "Number");
pub(super) const URGENT: Pair = ("Khẩn", "Urgent");
pub(super) const HISTORY: Pair = ("Diễn biến", "What happened");
pub(super) const REASON: Pair = ("Lý do", "Reason");
pub(super) const ELSEWHERE: Pair = ("Nơi giải quyết", "Where to go");
pub(super) const APPROXIMATE: Pair = ("theo ranh giới gần đúng", "by approximate boundaries");

pub(super) const PICTURE: Pair = ("Bản đồ quanh nơi được phản ánh", "Map of the place reported");
pub(super) const ABOUT_METRES: Pair = (
    "Vị trí chỉ gần đúng, để giữ kín: nơi thật ở trong khoảng {m} m quanh đây.",
    "The point is approximate, for privacy: the true place lies within about {m} m of it.",
);
pub(super) const ABOUT_WARD: Pair = (
    "Vị trí chỉ nói đến {ward}, để giữ kín: nơi thật ở đâu đó trong địa bàn này.",
    "Only {ward} is said of the place, for privacy: it is somewhere in there.",
);
pub(super) const PLACE_HIDDEN: Pair =
    ("Vị trí của phản ánh này không công khai.", "The place of this report is not public.");
pub(super) const PLACELESS: Pair =
    ("Phản ánh này không gắn với một nơi trên bản đồ.", "This report has no place on the map.");

pub(super) const WAITING: Pair = (
    "Phản ánh này chưa có trên bản đồ và danh sách: để giữ kín lúc và nơi, nó hiện ra khi hết giờ hiện tại. Ai có liên \
     kết này thì xem được trang này.",
    "This report is not on the map and the lists yet: to protect when and where, it appears when the present hour is \
     over. Whoever has this link can see this page.",
);
pub(super) const HIDDEN: Pair = (
    "Phản ánh này đang bị ẩn. Chỉ bạn và nơi phụ trách xem được trang này.",
    "This report is hidden at present. Only you and those responsible can see this page.",
);

pub(super) const LINKS: Pair = ("Liên kết", "Links");
pub(super) const ON_MAP: Pair = ("Xem trên bản đồ", "See it on the map");
pub(super) const FOLLOW: Pair = ("Theo dõi phản ánh này (Atom)", "Follow this report (Atom)");
pub(super) const FOLLOW_WARD: Pair = ("Tin của {ward} (Atom)", "News of {ward} (Atom)");
pub(super) const DATA: Pair = ("Dữ liệu (GeoJSON)", "Data (GeoJSON)");
pub(super) const HOME: Pair = ("Đến bản đồ", "To the map");

pub(super) const OWN: Pair = ("Phản ánh của bạn", "Your report");
pub(super) const OWN_UNTIL: Pair = (
    "Trang này đang mở cho bạn là người gửi, đến {time}. Bạn thấy cả những gì chưa công khai.",
    "This page is open to you as the sender until {time}. You also see what is not public yet.",
);
pub(super) const ARE_YOU: Pair = ("Bạn là người gửi phản ánh này?", "Did you send this report?");
pub(super) const PASTE: Pair = (
    "Mở trang này từ mục “Phản ánh của tôi” trên thiết bị đã gửi, hoặc dán mã nhận được khi gửi (Report-Token).",
    "Open this page from “My reports” on the device that sent it, or paste the code that came when it was sent \
     (Report-Token).",
);
pub(super) const CODE: Pair = ("Mã của phản ánh", "Code of the report");
pub(super) const OPEN: Pair = ("Mở", "Open");

pub(super) const ASKED: Pair = ("Nơi phụ trách hỏi bạn", "The office asks you");
pub(super) const ASKED_UNTIL: Pair = (
    "Mời trả lời chậm nhất {day}. Thời hạn của nơi phụ trách tạm dừng đến khi có trả lời của bạn.",
    "Please answer by {day}. The time that the office has rests until it hears from you.",
);
pub(super) const ASKED_OVER: Pair = (
    "Thời hạn trả lời đã qua, việc xử lý tiếp tục. Bạn vẫn có thể trả lời.",
    "The time for an answer is over, and work goes on. You can still answer.",
);
pub(super) const ASKED_ALONE: Pair = (
    "Chỉ bạn và nơi phụ trách đọc được câu hỏi và câu trả lời.",
    "Only you and those responsible can read the question and the answer.",
);
pub(super) const ANSWER: Pair = ("Trả lời của bạn", "Your answer");
pub(super) const ANSWER_NOW: Pair = ("Gửi trả lời", "Send the answer");
pub(super) const NO_QUESTION: Pair = (
    "Không có câu hỏi nào đang chờ trả lời. Hãy xem lại diễn biến.",
    "No question waits for an answer. See what happened below.",
);
pub(super) const NO_ANSWER: Pair = (
    "Chưa gửi: hãy viết câu trả lời, nhiều nhất 2.000 ký tự.",
    "Nothing was sent: write an answer, of at most 2,000 characters.",
);

pub(super) const RATE: Pair = ("Đánh giá kết quả", "How was it closed?");
pub(super) const RATE_UNTIL: Pair = (
    "Bạn có thể đánh giá một lần, đến hết {day}. Mọi người thấy bạn có hài lòng không và vì sao; chỉ nơi phụ trách đọc được \
     lời bạn viết thêm.",
    "You can say so once, until {day}. Everybody sees whether you are satisfied and why; only those responsible read your \
     words beside it.",
);
pub(super) const RATE_HOW: Pair = ("Bạn có hài lòng không?", "Are you satisfied?");
pub(super) const SATISFIED: Pair = ("Hài lòng", "Yes");
pub(super) const UNSATISFIED: Pair = ("Chưa hài lòng", "No");
pub(super) const RATE_MORE: Pair = ("Vì sao chưa hài lòng?", "If not, why?");
pub(super) const RATE_WORDS: Pair = ("Lời bạn viết thêm", "A word of yours");
pub(super) const REOPEN: Pair = ("Đề nghị mở lại phản ánh", "Please open the report again");
pub(super) const RATE_NOW: Pair = ("Gửi đánh giá", "Send");
pub(super) const WISHED: Pair = (
    "Bạn đã đề nghị mở lại. Nơi phụ trách quyết định chậm nhất {day}; nếu không, phản ánh tự mở lại.",
    "You asked to have it opened again. The office decides by {day}; if it does not, the report is opened.",
);
pub(super) const NOT_RATED_NOW: Pair = (
    "Lúc này không đánh giá được: phản ánh đang mở, đã đánh giá, hoặc đã hết thời gian.",
    "It cannot be rated now: it is open, or rated already, or the time is over.",
);
pub(super) const NOT_RATED: Pair = (
    "Chưa gửi: hãy chọn hài lòng hoặc chưa; lý do và đề nghị mở lại chỉ dành cho khi chưa hài lòng.",
    "Nothing was sent: choose yes or no; reasons and the wish to have it opened again are for no.",
);

pub(super) const ERASE: Pair = ("Xóa phản ánh này", "Erase this report");
pub(super) const ERASE_WHAT: Pair = (
    "Nội dung và vị trí bị xóa hẳn, không lấy lại được. Nơi phụ trách cũng không đọc được nữa.",
    "Its texts and its place go for good and cannot be brought back. Those responsible cannot read them any more either.",
);
pub(super) const SURE: Pair = ("Tôi hiểu và muốn xóa", "I understand and want to erase it");
pub(super) const ERASE_NOW: Pair = ("Xóa vĩnh viễn", "Erase for good");

pub(super) const REFUSED: Pair =
    ("Mã này không phải của phản ánh này.", "This is not the code of this report.");
pub(super) const OVER: Pair = (
    "Đã hết thời gian của người gửi. Hãy mở lại liên kết của bạn rồi thử lần nữa.",
    "Your time as the sender is over. Open your link again and try once more.",
);
pub(super) const UNSURE: Pair =
    ("Chưa xóa: hãy đánh dấu ô xác nhận.", "Nothing was erased: tick the box to confirm.");

pub(super) const MISSING: Pair = ("Không có phản ánh này", "There is no such report");
pub(super) const MISSING_WHY: Pair = (
    "Không có phản ánh công khai nào mang mã số này. Hãy xem lại liên kết.",
    "No public report has this number. Look at the link once more.",
);
pub(super) const GONE: Pair = ("Phản ánh đã được xóa", "This report was erased");
pub(super) const GONE_WHY: Pair = (
    "Nội dung và vị trí của phản ánh này đã được xóa hẳn theo yêu cầu. Không còn gì để xem ở đây.",
    "The texts and the place of this report were erased for good on request. There is nothing left to see here.",
);
pub(super) const ERASED: Pair = (
    "Đã xóa. Bản đồ, danh sách và nguồn tin bỏ phản ánh này trong giây lát.",
    "It is erased. The map, lists and feeds drop it within moments.",
);
pub(super) const TIMES: Pair = ("Ngày giờ theo múi giờ", "Times are of the zone");
