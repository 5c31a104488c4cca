//! Parameters that ask for nothing: marks on links that people share.

/// Marks that networks, mailers and shops hang on links that people share; they ask for nothing.
const TRACKERS: [&str; 50] = [
    "_ga",
    "_gl",
    "_hsenc",
    "_hsmi",
    "_kx",
    "__s",
    "__tn__",
    "_branch_match_id",
    "campaignid",
    "cmpid",
    "dclid",
    "ef_id",
    "epik",
    "fb_action_ids",
    "fb_action_types",
    "fb_ref",
    "fb_source",
    "fbclid",
    "gad",
    "gad_campaignid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "hsctatracking",
    "igsh",
    "igshid",
    "irclickid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mibextid",
    "mkt_tok",
    "ml_subscriber",
    "ml_subscriber_hash",
    "msclkid",
    "oly_anon_id",
    "oly_enc_id",
    "rdt_cid",
    "s_cid",
    "sc_cid",
    "scid",
    "srsltid",
    "ttclid",
    "twclid",
    "vero_id",
    "wbraid",
    "wickedid",
    "yclid",
    "zarsrc",
];
/// What the names of further ones begin with.
const TRACKER_FAMILIES: [&str; 8] = ["utm_", "mtm_", "matomo_", "pk_", "hsa_", "__cft__", "zalo_", "zns_"];

/// Whether a parameter is ignored everywhere and left out of cache keys: cache busters and the marks of
/// campaigns and networks. None of them is ever a parameter of ours.
pub fn is_ignored(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "_"
        || TRACKERS.contains(&name.as_str())
        || TRACKER_FAMILIES.iter().any(|family| name.starts_with(family))
}
