//! Phrases for reports: titles and opening sentences by category, wishes by group. A sentence has
//! no full stop, and it stays correct when a place or a time follows it.

/// The phrases of one category.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrases {
    /// If empty, the category's name is the title.
    pub(super) titles: &'static [&'static str],
    pub(super) texts: &'static [&'static str],
    pub(super) wishes: &'static [&'static str],
}

/// The phrases of a category; general ones for an unknown category.
pub(super) fn of(category: &str, group: &str) -> Phrases {
    let known = BY_CATEGORY.iter().find(|(code, ..)| *code == category);
    let (titles, texts) = known.map_or((&[][..], ANYTHING), |(_, titles, texts)| (*titles, *texts));
    let wishes = WISHES.iter().find(|(code, _)| *code == group).map_or(PLEASE, |(_, wishes)| *wishes);
    Phrases { titles, texts, wishes }
}

const ANYTHING: &[&str] =
    &["Kính phản ánh sự việc như hình đính kèm", "Đề nghị kiểm tra sự việc tại khu vực này"];
const PLEASE: &[&str] =
    &["Kính mong cơ quan chức năng xem xét.", "Xin cảm ơn.", "Mong sớm nhận được phản hồi."];

type Row = (&'static str, &'static [&'static str], &'static [&'static str]);

const WISHES: &[(&str, &[&str])] = &[
    (
        "infrastructure",
        &[
            "Rất nguy hiểm cho người đi xe máy, nhất là ban đêm.",
            "Đề nghị sớm sửa chữa.",
            "Đã có người té xe.",
            "Người dân đã tự cắm cành cây để cảnh báo.",
        ],
    ),
    (
        "traffic",
        &["Đề nghị có lực lượng điều tiết.", "Xe buýt và xe cứu thương không qua được.", "Mong xử lý sớm."],
    ),
    (
        "urban_order",
        &[
            "Người đi bộ phải xuống lòng đường.",
            "Đã nhắc nhở nhưng không thay đổi.",
            "Đề nghị kiểm tra, xử lý.",
        ],
    ),
    (
        "environment",
        &[
            "Ảnh hưởng đến sức khỏe người già, trẻ nhỏ.",
            "Bà con trong khu phố rất bức xúc.",
            "Mong được giải quyết dứt điểm.",
        ],
    ),
    ("health", &["Đề nghị kiểm tra sớm.", "Lo ngại cho sức khỏe của mọi người."]),
    ("security", &["Đề nghị tăng cường tuần tra.", "Xin được giữ kín thông tin."]),
    ("trade", &["Đề nghị kiểm tra, xử lý.", "Mong bảo vệ người tiêu dùng."]),
    ("education", &["Mong nhà trường và cơ quan quản lý xem xét.", "Xin được giữ kín thông tin."]),
    ("tourism", &["Ảnh hưởng đến hình ảnh của Thành phố.", "Đề nghị nhắc nhở, xử lý."]),
    ("public_administration", &["Mong được hướng dẫn rõ hơn.", "Tôi đã đi lại ba lần.", "Xin cảm ơn."]),
    ("ideas", &["Mong Thành phố xem xét.", "Tôi sẵn sàng cùng tham gia.", "Xin cảm ơn."]),
];

const BY_CATEGORY: &[Row] = &[
    (
        "pothole",
        &["Ổ gà lớn giữa đường", "Mặt đường bong tróc", "Ổ voi đọng nước", "Tái lập mặt đường lồi lõm"],
        &["Có ổ gà sâu giữa làn xe máy", "Mặt đường vỡ từng mảng", "Rãnh đào đường lấp tạm bị lún"],
    ),
    (
        "subsidence",
        &["Mặt đường sụt lún", "Xuất hiện hố sâu"],
        &["Mặt đường lún thành hố, bên dưới rỗng", "Vỉa hè nứt và lún dần"],
    ),
    (
        "manhole",
        &["Mất nắp cống", "Nắp hố ga bị vỡ", "Nắp cống kêu, cập kênh"],
        &["Hố ga không còn nắp", "Nắp cống bể một nửa", "Nắp cống chìm sâu hơn mặt đường"],
    ),
    (
        "drainage",
        &["Ngập sau mưa", "Nước không rút", "Miệng cống bị nghẹt", "Triều cường gây ngập"],
        &[
            "Nước ngập ngang bánh xe, nhiều xe chết máy",
            "Miệng cống đầy rác nên nước không rút",
            "Mưa khoảng 30 phút là ngập",
        ],
    ),
    (
        "street_light",
        &["Đèn đường không sáng", "Cả đoạn đường tối", "Đèn chớp tắt liên tục"],
        &["Đèn chiếu sáng bị hư", "Nhiều trụ đèn liền nhau không sáng", "Đèn sáng ban ngày, tắt ban đêm"],
    ),
    (
        "traffic_signal",
        &["Đèn tín hiệu không hoạt động", "Đèn xanh quá ngắn", "Đèn đỏ bị lệch hướng"],
        &["Đèn giao thông tắt hẳn", "Đồng hồ đếm ngược nhảy sai", "Đèn nhấp nháy vàng suốt giờ cao điểm"],
    ),
    (
        "road_sign",
        &["Biển báo bị che khuất", "Vạch kẻ đường mờ", "Biển báo ngã đổ"],
        &["Biển cấm bị cành lá che mất", "Vạch sang đường mờ gần hết", "Trụ biển báo nghiêng sắp ngã"],
    ),
    (
        "burst_pipe",
        &["Bể ống nước", "Rò rỉ nước sạch"],
        &["Nước sạch phun lên mặt đường", "Nước rỉ từ đồng hồ ra vỉa hè", "Ống nước bể sau khi thi công"],
    ),
    (
        "power_fault",
        &["Cúp điện kéo dài", "Trụ điện nghiêng", "Dây điện phát tia lửa"],
        &["Cả khu mất điện", "Trụ điện nghiêng về phía nhà dân", "Hộp điện hở, có tia lửa khi mưa"],
    ),
    (
        "telecom_cable",
        &["Dây cáp sà thấp", "Bó cáp đứt vắt ngang đường"],
        &[
            "Dây cáp viễn thông võng xuống ngang đầu người",
            "Bó cáp rơi xuống lòng đường",
            "Tủ cáp mở nắp, dây lòi ra ngoài",
        ],
    ),
    (
        "fallen_tree",
        &["Cây ngã đổ chắn đường", "Cành cây gãy", "Cây có nguy cơ ngã đổ"],
        &["Cây ngã sau cơn mưa lớn", "Nhánh cây gãy treo lơ lửng", "Gốc cây bật rễ, thân nghiêng"],
    ),
    (
        "traffic_jam",
        &["Kẹt xe nghiêm trọng", "Ùn tắc trước cổng trường"],
        &[
            "Xe không nhích được gần một giờ",
            "Xe tải dừng giữa đường gây kẹt",
            "Giao lộ kẹt cứng cả bốn hướng",
        ],
    ),
    (
        "traffic_accident",
        &["Va chạm xe máy", "Tai nạn giữa xe tải và xe máy"],
        &["Hai xe máy va chạm, xe còn nằm giữa đường", "Xe tải tông dải phân cách"],
    ),
    (
        "illegal_parking",
        &["Ô tô đậu trên vỉa hè", "Xe đậu chắn lối ra vào", "Đỗ xe dưới biển cấm"],
        &["Ô tô đậu chiếm hết vỉa hè", "Xe tải đậu qua đêm trong khu dân cư", "Xe đậu hai hàng"],
    ),
    (
        "bus_service",
        &["Xe buýt bỏ trạm", "Nhà chờ xe buýt hư hỏng", "Xe buýt trễ giờ"],
        &["Xe buýt không dừng đón khách", "Mái nhà chờ bị thủng", "Chờ hơn 40 phút không có xe"],
    ),
    (
        "pavement_encroachment",
        &["Lấn chiếm vỉa hè", "Buôn bán dưới lòng đường", "Bàn ghế bày kín vỉa hè"],
        &[
            "Hàng quán bày bàn ghế ra hết vỉa hè",
            "Xe đẩy bán hàng đứng dưới lòng đường",
            "Bảng hiệu, mái che lấn ra đường",
        ],
    ),
    (
        "illegal_building",
        &["Xây dựng không phép", "Công trình sai phép"],
        &[
            "Nhà đang xây thêm tầng không thấy bảng phép",
            "Lấn rạch để dựng nhà",
            "Đào móng làm nứt nhà bên cạnh",
        ],
    ),
    (
        "illegal_advertising",
        &["Dán quảng cáo lên trụ điện", "Băng rôn treo trái phép"],
        &["Tờ rơi cho vay dán kín trụ điện", "Bảng quảng cáo che biển chỉ đường"],
    ),
    (
        "waste",
        &["Rác đổ trộm", "Điểm tập kết rác bốc mùi", "Xà bần đổ ra vỉa hè", "Chưa thu gom rác"],
        &[
            "Rác sinh hoạt chất đống bốc mùi",
            "Xà bần bị đổ trộm ban đêm",
            "Đã ba ngày chưa có xe lấy rác",
            "Nệm cũ và bàn ghế hư vứt ra đường",
        ],
    ),
    (
        "sewage",
        &["Kênh đen, bốc mùi", "Xả nước thải ra cống"],
        &[
            "Nước rạch đổi màu đen và bốc mùi",
            "Cơ sở xả nước thải thẳng ra kênh",
            "Lục bình và rác phủ kín mặt kênh",
        ],
    ),
    (
        "air_pollution",
        &["Đốt rác khói mù", "Bụi từ công trình", "Mùi hóa chất"],
        &["Khói đốt rác bay vào nhà", "Xe chở đất rơi vãi, bụi mù mịt", "Mùi sơn nồng nặc từ xưởng gần nhà"],
    ),
    (
        "noise",
        &["Thi công ban đêm ồn ào", "Quán mở nhạc quá lớn"],
        &[
            "Công trình khoan đục sau 22 giờ",
            "Quán nhậu mở nhạc đến nửa đêm",
            "Xưởng cơ khí cắt sắt từ sáng sớm",
        ],
    ),
    (
        "mobile_karaoke",
        &["Hát karaoke loa kéo", "Loa kẹo kéo gây ồn"],
        &[
            "Nhóm người hát loa kéo hết công suất",
            "Nhà kế bên hát karaoke từ trưa đến khuya",
            "Xe bán kẹo kéo mở loa rất lớn",
        ],
    ),
    (
        "food_safety",
        &["Thức ăn không bảo đảm vệ sinh", "Đau bụng sau khi ăn"],
        &["Quán để thức ăn sống sát miệng cống", "Bánh mì có mùi lạ", "Nơi chế biến nhiều ruồi và chuột"],
    ),
    (
        "health_facility",
        &["Chờ khám quá lâu", "Phòng khám thu sai giá"],
        &["Lấy số từ sáng sớm đến trưa chưa được khám", "Phòng khám không niêm yết giá"],
    ),
    (
        "disease_risk",
        &["Nhiều muỗi và lăng quăng", "Bãi đất trống đọng nước"],
        &[
            "Lốp xe cũ đọng nước, nhiều lăng quăng",
            "Trong xóm có hai người sốt xuất huyết",
            "Chuột chết không ai dọn",
        ],
    ),
    (
        "public_disorder",
        &["Tụ tập gây mất trật tự", "Đua xe ban đêm"],
        &["Thanh niên tụ tập nẹt pô, la hét", "Nhóm người cãi vã, ném chai lọ"],
    ),
    (
        "crime_tip",
        &["Nghi có tụ điểm cờ bạc", "Trộm cắp vặt"],
        &[
            "Có người lạ thường xuyên rình các nhà vắng chủ",
            "Nghi có tụ điểm cá độ",
            "Hay xảy ra giật điện thoại",
        ],
    ),
    (
        "tourist_harassment",
        &["Chèo kéo khách du lịch", "Ép giá du khách"],
        &["Người bán hàng rong bám theo khách nước ngoài", "Taxi không bật đồng hồ, đòi giá gấp ba"],
    ),
    (
        "admin_procedure",
        &["Hồ sơ trễ hẹn", "Hỏi về thủ tục cấp đổi giấy tờ", "Yêu cầu giấy tờ ngoài quy định"],
        &[
            "Hồ sơ đã quá hẹn mười ngày chưa có kết quả",
            "Cán bộ yêu cầu thêm giấy xác nhận không có trong danh mục",
            "Xin hỏi nơi nộp hồ sơ sau khi sáp nhập phường",
        ],
    ),
    (
        "staff_conduct",
        &["Thái độ phục vụ chưa tốt", "Cán bộ không hướng dẫn"],
        &["Nhân viên quầy tiếp nhận nói chuyện gắt gỏng", "Đến giờ làm việc nhưng quầy không có người"],
    ),
    (
        "online_service",
        &["Không nộp được hồ sơ trực tuyến", "Lỗi đăng nhập", "Không thanh toán được lệ phí"],
        &[
            "Hệ thống báo lỗi khi tải tệp",
            "Không nhận được mã xác thực",
            "Đã nộp lệ phí nhưng hồ sơ vẫn chờ thanh toán",
        ],
    ),
    (
        "idea",
        &["Góp ý trồng thêm cây xanh", "Đề xuất làn dành cho xe đạp", "Đề xuất đọc sách ở công viên"],
        &[
            "Nên trồng thêm cây cho bóng mát trên các tuyến phố",
            "Đề xuất đặt trạm nước uống công cộng",
            "Nên có ứng dụng báo điểm ngập theo thời gian thực",
        ],
    ),
    (
        "opinion",
        &["Khen tổ vệ sinh", "Góp ý về phố đi bộ", "Cảm ơn cán bộ phường"],
        &[
            "Xin khen tổ thu gom rác làm việc rất chu đáo",
            "Phố đi bộ cuối tuần cần thêm nhà vệ sinh",
            "Cảm ơn các anh đã xử lý phản ánh của tôi rất nhanh",
        ],
    ),
    (
        "other",
        &["Phản ánh khác", "Tìm giấy tờ thất lạc"],
        &["Nhặt được ví có giấy tờ, xin hỏi nộp ở đâu", "Đề nghị hướng dẫn nơi tiếp nhận phản ánh này"],
    ),
    (
        "road_works",
        &["Đào đường chưa tái lập", "Rào chắn thi công quá hạn", "Thi công không có biển báo"],
        &[
            "Đào đường xong chỉ đổ đá, nhiều xe trượt ngã",
            "Rào chắn chiếm gần hết lòng đường mà không thấy ai làm",
            "Công trường không có đèn báo ban đêm",
        ],
    ),
    (
        "broken_pavement",
        &["Vỉa hè bong gạch", "Vỉa hè lồi lõm", "Lối dốc cho xe lăn bị vỡ"],
        &["Gạch vỉa hè bong tróc, người già dễ vấp ngã", "Vỉa hè lún thành hố sau khi đào ống"],
    ),
    (
        "metro_taxi",
        &["Cửa soát vé ga metro hư", "Taxi từ chối chở khách", "Xe công nghệ tụ tập trước ga"],
        &["Thang máy ở ga không hoạt động", "Tài xế đòi thêm tiền ngoài giá trên ứng dụng"],
    ),
    (
        "land",
        &["Lấn chiếm đất công", "Hỏi về quy hoạch khu đất", "San lấp trái phép"],
        &["Có người rào đất công làm bãi giữ xe", "Xe ben đổ đất san lấp ruộng vào ban đêm"],
    ),
    (
        "park_trees",
        &["Cây xanh che đèn đường", "Cỏ công viên chưa cắt", "Ghế đá, đường dạo bị hư"],
        &["Cành cây thấp chạm đầu người đi bộ", "Bãi cỏ mọc cao, nhiều rác", "Cây mới trồng bị khô héo"],
    ),
    (
        "pets",
        &["Chó thả rông", "Chó phóng uế trên vỉa hè"],
        &["Chó thả rông không rọ mõm", "Chủ nuôi để chó phóng uế trước nhà người khác"],
    ),
    (
        "fire_hazard",
        &["Lối thoát nạn bị chặn", "Chứa nhiều bình gas", "Sạc xe điện ban đêm ở tầng hầm"],
        &[
            "Cầu thang thoát nạn chất đầy hàng hóa",
            "Nhà trọ chỉ có một lối ra, cửa khóa trong",
            "Nhiều xe điện sạc qua đêm chung một ổ cắm",
        ],
    ),
    (
        "prices_goods",
        &["Nghi bán hàng giả", "Không niêm yết giá", "Cân thiếu"],
        &["Mua phải hàng nhái nhãn hiệu", "Bãi giữ xe thu cao hơn giá niêm yết", "Hàng hết hạn vẫn bày bán"],
    ),
    (
        "school",
        &["Cổng trường ùn ứ", "Khoản thu ngoài quy định", "Cơ sở vật chất xuống cấp"],
        &[
            "Phụ huynh được báo nhiều khoản thu không rõ",
            "Mái lớp học dột khi mưa",
            "Bếp ăn chưa bảo đảm vệ sinh",
        ],
    ),
];
