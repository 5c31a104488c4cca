//! The words of the pages of accounts, in Vietnamese and in English.

/// In Vietnamese and in English.
pub(super) type Pair = (&'static str, &'static str);

pub(super) const ACCOUNT: Pair = ("Tài khoản", "Account");
pub(super) const LOGIN_TITLE: Pair = ("Đăng nhập", "Log in");
pub(super) const FOR_WHOM: Pair = (
    "Dành cho cán bộ xử lý phản ánh và người vận hành.",
    "For officers who work on reports, and for operators.",
);
pub(super) const LOGIN: Pair = ("Tên đăng nhập", "Login");
pub(super) const PASSWORD: Pair = ("Mật khẩu", "Password");
pub(super) const LOG_IN: Pair = ("Đăng nhập", "Log in");
pub(super) const FORGOTTEN: Pair = (
    "Quên mật khẩu? Người vận hành gửi cho bạn liên kết mới, dùng một lần.",
    "Forgotten? The operator gives you a new link, which works once.",
);
pub(super) const WRONG: Pair = (
    "Tên đăng nhập hoặc mật khẩu không đúng. Sau nhiều lần sai phải đợi vài phút rồi thử lại.",
    "Login or password is wrong. After many failures, wait some minutes and try again.",
);
pub(super) const CROWDED: Pair = (
    "Đang có nhiều người đăng nhập cùng lúc. Hãy thử lại sau vài giây.",
    "Many log in at the same time. Try again in some seconds.",
);
pub(super) const OVER: Pair =
    ("Phiên làm việc đã hết. Hãy đăng nhập lại.", "Your session is over. Please log in again.");

pub(super) const WELCOME: Pair = ("Chọn mật khẩu", "Choose a password");
pub(super) const WELCOME_HOW: Pair = (
    "Liên kết bạn nhận được dùng một lần, trong 72 giờ. Nếu ô mã còn trống, hãy dán cả liên kết vào đó.",
    "The link that you got works once, within 72 hours. If the field of the code is empty, paste the whole link there.",
);
pub(super) const CODE: Pair = ("Mã của liên kết", "Code of the link");
pub(super) const CHOOSE: Pair = ("Lưu mật khẩu", "Keep this password");
pub(super) const NEW: Pair = ("Mật khẩu mới", "New password");
pub(super) const AGAIN: Pair = ("Nhập lại mật khẩu mới", "The new password once more");
pub(super) const RULE: Pair = (
    "Ít nhất 12 ký tự; vài từ không liên quan với nhau là tốt. Không dùng tên đăng nhập hay mật khẩu phổ biến.",
    "At least 12 characters; some words that have nothing to do with each other are good. Not the login, nothing common.",
);
pub(super) const LINK_OVER: Pair = (
    "Liên kết này không dùng được: sai, đã dùng, hoặc quá 72 giờ. Hãy xin người vận hành liên kết mới.",
    "This link does not work: it is wrong, was used, or is older than 72 hours. Ask the operator for a new one.",
);
pub(super) const CHOSEN: Pair =
    ("Đã lưu mật khẩu. Giờ bạn đăng nhập được.", "Your password is kept. Now you can log in.");
pub(super) const DIFFERENT: Pair =
    ("Hai lần nhập mật khẩu mới không giống nhau.", "The two new passwords are not the same.");
pub(super) const SHORT: Pair =
    ("Mật khẩu mới phải có ít nhất 12 ký tự.", "The new password must have at least 12 characters.");
pub(super) const LONG: Pair =
    ("Mật khẩu mới có nhiều nhất 128 ký tự.", "The new password must have at most 128 characters.");
pub(super) const LIKE_LOGIN: Pair =
    ("Mật khẩu mới không được là tên đăng nhập.", "The new password must not be the login.");
pub(super) const COMMON: Pair = (
    "Mật khẩu mới quá phổ biến: kẻ lạ sẽ thử nó đầu tiên.",
    "The new password is too common: strangers would try it first.",
);

pub(super) const OPENS: Pair = ("Phụ trách", "Answers for");
pub(super) const ALL_REPORTS: Pair = ("Mọi phản ánh (người vận hành)", "All reports (operator)");
pub(super) const UNTIL: Pair = ("Phiên này hết chậm nhất lúc", "This session ends at the latest");
pub(super) const LOG_OUT: Pair = ("Đăng xuất", "Log out");
pub(super) const CHANGE: Pair = ("Đổi mật khẩu", "Change the password");
pub(super) const CHANGE_NOW: Pair = ("Đổi mật khẩu", "Change it");
pub(super) const FORMER: Pair = ("Mật khẩu hiện tại", "The password that you have");
pub(super) const CHANGED: Pair = (
    "Đã đổi mật khẩu. Các phiên ở thiết bị khác đã kết thúc.",
    "Your password is changed. Your sessions on other devices have ended.",
);
pub(super) const END_ALL: Pair = ("Kết thúc mọi phiên", "End all sessions");
pub(super) const END_ALL_WHAT: Pair = (
    "Bạn bị đăng xuất ở mọi thiết bị, kể cả thiết bị này.",
    "You are logged out on every device, this one included.",
);
pub(super) const END_ALL_NOW: Pair = ("Đăng xuất ở mọi nơi", "Log out everywhere");
pub(super) const HOME: Pair = ("Đến bản đồ", "To the map");
