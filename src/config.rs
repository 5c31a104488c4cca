//! The settings. Flags win over the environment (`DIABAN_…`), the environment over the file, the
//! file over the defaults. They are validated once; nothing else reads the environment.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use ipnet::IpNet;
use serde::Deserialize;

use crate::action::WebhookSettings;
use crate::basemap::BasemapError;
use crate::http::{
    BasemapSetting, ConnectionSettings, LimitMode, LimitSettings, Proxies, StreamSettings, TooWide,
};
use crate::memory::{Memory, Size};

/// The settings of a serving process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address to listen on; port 0 takes a free port.
    pub listen: SocketAddr,
    /// Another address, for `/metrics`, `/readyz` and `/areas`; the public one does not have them then.
    pub admin_listen: Option<SocketAddr>,
    /// The database: `sqlite:PATH` or a PostgreSQL URL.
    pub store: String,
    /// Folder for the live map's snapshots. `None`: beside a SQLite file; no snapshots for a
    /// database server.
    pub cache: Option<PathBuf>,
    /// Folder of a city pack, laid out like the repository. `None`: the embedded pack.
    pub data: Option<PathBuf>,
    /// Folder with `layers/`, whose files are added to the pack's or replace those with the same
    /// name.
    pub tiles: Option<PathBuf>,
    /// The public address of this service. `None`: the address really bound.
    pub public_url: Option<String>,
    /// The background of the map.
    pub basemap: BasemapSetting,
    /// Proxies whose `X-Forwarded-For` header is trusted for the client's address.
    pub trusted_proxies: Proxies,
    /// Rate limits for each kind of caller.
    pub limits: LimitSettings,
    /// Limits on connections.
    pub connections: ConnectionSettings,
    /// Limits on live streams.
    pub streams: StreamSettings,
    /// Where webhooks may send to.
    pub webhooks: WebhookSettings,
    /// Size of the cache of encoded tiles in mebibytes; 0 turns it off. The budget of memory may allow less.
    pub tile_cache_mib: u32,
    /// The budget of memory.
    pub memory: Memory,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            admin_listen: None,
            store: "sqlite:diaban.db".to_owned(),
            cache: None,
            data: None,
            tiles: None,
            public_url: None,
            basemap: BasemapSetting::default(),
            trusted_proxies: Proxies::default(),
            limits: LimitSettings::default(),
            connections: ConnectionSettings::default(),
            streams: StreamSettings::default(),
            webhooks: WebhookSettings::default(),
            tile_cache_mib: 64,
            memory: Memory::default(),
        }
    }
}

/// The settings as flags. Each can also be set in the environment and, with the same name, in the
/// file.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address to listen on (default 127.0.0.1:8080; port 0 takes a free one).
    #[arg(long, env = "DIABAN_LISTEN", hide_env_values = true)]
    pub listen: Option<SocketAddr>,
    /// Another address for /metrics, /readyz and /areas, which the public one does not serve then (default: none).
    #[arg(long, env = "DIABAN_ADMIN_LISTEN", hide_env_values = true)]
    pub admin_listen: Option<SocketAddr>,
    /// The database (default sqlite:diaban.db).
    #[arg(long, env = "DIABAN_STORE", hide_env_values = true)]
    pub store: Option<String>,
    /// Folder for snapshots of the live map, which make a start quick (default: beside a SQLite
    /// file; for PostgreSQL `$CACHE_DIRECTORY`, as systemd sets it, or ~/.cache/diaban).
    #[arg(long, env = "DIABAN_CACHE", hide_env_values = true)]
    pub cache: Option<PathBuf>,
    /// Budget of memory for caches, tables, pages, streams and exports, like 512MiB (default: the limit of
    /// the control group, if there is one).
    #[arg(long, env = "DIABAN_MEMORY", hide_env_values = true)]
    pub memory: Option<Size>,
    /// Size of the cache of encoded tiles in mebibytes (default 64; 0 turns it off).
    #[arg(long, env = "DIABAN_TILE_CACHE_MIB", hide_env_values = true)]
    pub tile_cache_mib: Option<u32>,
    /// Folder of a city pack with data/ and tiles/ (default: the embedded one).
    #[arg(long, env = "DIABAN_DATA", hide_env_values = true)]
    pub data: Option<PathBuf>,
    /// Folder with layers/ whose files are added to the pack's, or replace those with the same
    /// name.
    #[arg(long, env = "DIABAN_TILES", hide_env_values = true)]
    pub tiles: Option<PathBuf>,
    /// Public address of this service, for links (default: the address really bound).
    #[arg(long, env = "DIABAN_PUBLIC_URL", hide_env_values = true)]
    pub public_url: Option<String>,
    /// Background of the map: a PMTiles archive, or the URL of a MapLibre style (default: a plain
    /// sketch).
    #[arg(long, env = "DIABAN_BASEMAP", hide_env_values = true)]
    pub basemap: Option<String>,
    /// Other origins from which the basemap style loads tiles, images and fonts.
    #[arg(long, env = "DIABAN_BASEMAP_ORIGINS", hide_env_values = true, value_delimiter = ',')]
    pub basemap_origins: Option<Vec<String>>,
    /// Networks of trusted proxies, whose X-Forwarded-For is used, like 10.0.0.0/8 (default: none).
    #[arg(long, env = "DIABAN_TRUSTED_PROXIES", hide_env_values = true, value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// Mode of the rate limits: off, shadow or enforce (default shadow; the numbers are set in the
    /// file).
    #[arg(long, env = "DIABAN_LIMITS", hide_env_values = true)]
    #[serde(skip)]
    pub limits_mode: Option<LimitMode>,
    /// The tables `limits`, `connections`, `streams` and `webhooks` of the file.
    #[arg(skip)]
    #[serde(default)]
    pub limits: LimitSettings,
    #[arg(skip)]
    #[serde(default)]
    #[expect(missing_docs, reason = "see limits")]
    pub connections: ConnectionSettings,
    #[arg(skip)]
    #[serde(default)]
    #[expect(missing_docs, reason = "see limits")]
    pub streams: StreamSettings,
    #[arg(skip)]
    #[serde(default)]
    #[expect(missing_docs, reason = "see limits")]
    pub webhooks: WebhookSettings,
    /// A TOML file with these settings (listen, store, data, `public_url` …).
    #[arg(long, env = "DIABAN_CONFIG", hide_env_values = true)]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// The table `demo` of that file; the demo has its own flags for these.
    #[arg(skip)]
    #[serde(default)]
    pub demo: DemoSettings,
}

/// Settings of the demo only.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoSettings {
    /// How many reports to generate (default 200000).
    #[arg(long, env = "DIABAN_REPORTS", hide_env_values = true)]
    pub reports: Option<usize>,
    /// Real ward boundaries instead of the approximate ones: GeoJSON, plain or gzipped, a path or an
    /// http(s) URL.
    #[arg(long, env = "DIABAN_AREAS", hide_env_values = true)]
    pub areas: Option<String>,
    /// The date from which those boundaries are valid (default: that of the newest in the pack).
    #[arg(long, env = "DIABAN_GENERATION", hide_env_values = true)]
    pub generation: Option<String>,
    /// Random seed; another seed gives other reports (default 2025).
    #[arg(long, env = "DIABAN_SEED", hide_env_values = true)]
    pub seed: Option<u64>,
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    Read {
        /// Its path.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is invalid; the text names line and key.
    #[error("{file}: {source}")]
    Toml {
        /// Its path.
        file: PathBuf,
        /// What is wrong, with the line.
        source: Box<toml::de::Error>,
    },
    /// The public address.
    #[error("public_url {0}: must begin with http:// or https:// and have no query")]
    PublicUrl(String),
    /// The basemap is invalid.
    #[error(transparent)]
    Basemap(#[from] BasemapError),
    /// A network of trusted proxies is too wide.
    #[error("trusted_proxies: {0}")]
    TrustedProxies(#[from] TooWide),
}

impl Settings {
    /// Merges flags, environment and file, and validates the result.
    ///
    /// # Errors
    /// When the file cannot be read or a value is invalid.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        self.resolve_with("sqlite:diaban.db")
    }

    /// The demo's own settings; the file is used where a flag is not given.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn resolve_demo(&self, flags: DemoSettings) -> Result<DemoSettings, ConfigError> {
        let file = self.config.as_deref().map(read).transpose()?.unwrap_or_default().demo;
        Ok(DemoSettings {
            reports: flags.reports.or(file.reports),
            areas: flags.areas.or(file.areas),
            generation: flags.generation.or(file.generation),
            seed: flags.seed.or(file.seed),
        })
    }

    /// Like [`Settings::resolve`], with another default store.
    ///
    /// # Errors
    /// See [`Settings::resolve`].
    pub fn resolve_with(self, store: &str) -> Result<Config, ConfigError> {
        let file = self.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let public_url = self.public_url.or(file.public_url).map(|u| u.trim_end_matches('/').to_owned());
        if let Some(url) = &public_url
            && !((url.starts_with("http://") || url.starts_with("https://"))
                && !url.contains(['?', '#', ' ']))
        {
            return Err(ConfigError::PublicUrl(url.clone()));
        }
        let mode = self.limits_mode.unwrap_or(file.limits.mode);
        let store = self.store.or(file.store).unwrap_or_else(|| store.to_owned());
        let cache = self.cache.or(file.cache).or_else(|| default_cache(&store));
        Ok(Config {
            listen: self.listen.or(file.listen).unwrap_or(Config::default().listen),
            admin_listen: self.admin_listen.or(file.admin_listen),
            store,
            cache,
            data: self.data.or(file.data),
            tiles: self.tiles.or(file.tiles),
            public_url,
            basemap: BasemapSetting::parse(
                self.basemap.or(file.basemap),
                self.basemap_origins.or(file.basemap_origins).unwrap_or_default(),
            )?,
            trusted_proxies: Proxies::new(self.trusted_proxies.or(file.trusted_proxies).unwrap_or_default())?,
            limits: LimitSettings { mode, ..file.limits },
            connections: file.connections,
            streams: file.streams,
            webhooks: file.webhooks,
            memory: Memory::set_or_found(self.memory.or(file.memory)),
            tile_cache_mib: self
                .tile_cache_mib
                .or(file.tile_cache_mib)
                .unwrap_or(Config::default().tile_cache_mib),
        })
    }
}

/// The default folder for snapshots; a SQLite file has them beside it.
fn default_cache(store: &str) -> Option<PathBuf> {
    if !store.starts_with("postgres") {
        return None;
    }
    let folder = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    folder("CACHE_DIRECTORY").or_else(|| {
        let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
        Some(caches.join("diaban"))
    })
}

fn read(file: &Path) -> Result<Settings, ConfigError> {
    let text =
        std::fs::read_to_string(file).map_err(|source| ConfigError::Read { file: file.into(), source })?;
    toml::from_str(&text).map_err(|e| ConfigError::Toml { file: file.into(), source: Box::new(e) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("diaban.toml");
        std::fs::write(&file, "listen = \"0.0.0.0:80\"\nstore = \"sqlite:a.db\"\n").unwrap();
        let flags =
            Settings { store: Some("sqlite:b.db".into()), config: Some(file.clone()), ..Settings::default() };
        let config = flags.resolve().unwrap();
        assert_eq!((config.listen.port(), config.store.as_str()), (80, "sqlite:b.db"));
        std::fs::write(&file, "[demo]\nreports = 7\nseed = 8\n").unwrap();
        let settings = Settings { config: Some(file.clone()), ..Settings::default() };
        let demo = settings.resolve_demo(DemoSettings { seed: Some(9), ..DemoSettings::default() }).unwrap();
        assert_eq!((demo.reports, demo.seed), (Some(7), Some(9)));
        std::fs::write(&file, "listne = \"0.0.0.0:80\"\n").unwrap();
        let error = Settings { config: Some(file), ..Settings::default() }.resolve().unwrap_err().to_string();
        assert!(error.contains("listne") && error.contains("line 1"), "{error}");
    }

    #[test]
    fn the_edge_is_set_in_the_file_and_nobody_can_trust_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("diaban.toml");
        let with = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Settings { config: Some(file.clone()), ..Settings::default() }.resolve()
        };
        let config = with("trusted_proxies = [\"10.0.0.0/8\"]\n[limits]\nmode = \"enforce\"\n").unwrap();
        assert_eq!(config.limits.mode, LimitMode::Enforce);
        assert_ne!(config.trusted_proxies, Proxies::default());
        for wide in ["0.0.0.0/0", "::/0"] {
            let error = with(&format!("trusted_proxies = [\"{wide}\"]")).unwrap_err().to_string();
            assert!(error.contains("trusted_proxies") && error.contains("forge"), "{error}");
        }
        for (text, line) in [
            ("\n[limits]\ncreate_by_key = { count = 0, seconds = 1 }", "line 3"),
            ("[connections]\ntotal = 0", "line 2"),
            ("[limits]\nmood = \"off\"", "line 2"),
            ("trusted_proxies = [\"10.0.0.0/33\"]", "line 1"),
        ] {
            let error = with(text).unwrap_err().to_string();
            assert!(error.contains(line), "{error}");
        }
        let settings = Settings { limits_mode: Some(LimitMode::Off), ..Settings::default() };
        assert_eq!(settings.resolve().unwrap().limits.mode, LimitMode::Off);
    }

    #[test]
    fn a_public_address_is_checked() {
        let with = |url: &str| Settings { public_url: Some(url.into()), ..Settings::default() }.resolve();
        assert_eq!(
            with("https://map.example.vn/").unwrap().public_url.as_deref(),
            Some("https://map.example.vn")
        );
        assert!(with("map.example.vn").is_err());
    }
}
