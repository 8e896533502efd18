//! A Chromium of one test, by a chromedriver of its own. Both end with it, also when it fails.
#![expect(
    clippy::missing_errors_doc,
    reason = "all for the same reason: the browser or its driver is gone, or does not know how"
)]

use std::{
    env,
    fs::{self, File},
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use thirtyfour::{
    By, ChromiumLikeCapabilities as _, Cookie, DesiredCapabilities, WebDriver, WebElement,
    prelude::{ElementQueryable as _, WebDriverResult},
};
use tokio::sync::{Mutex, MutexGuard};

const INSTALL: &str =
    "install chromium and chromium-driver: apt-get install chromium chromium-driver";
const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];
/// How often and for how long a page is looked at until it shows what it should.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Small machines draw slowly enough with one browser.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A headless Chromium with a profile of its own.
#[derive(Debug)]
pub struct Chromium {
    /// For what is not below.
    pub driver: WebDriver,
    // Dropped in this order: the browser's folder goes when nothing writes to it any more.
    _process: Chromedriver,
    _profile: TempDir,
    /// None: that of the browser beside which it was started.
    _turn: Option<MutexGuard<'static, ()>>,
}

/// In a process group of its own, so that the browser that it starts ends with it.
#[derive(Debug)]
struct Chromedriver(Child);

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.0.wait();
    }
}

impl Chromedriver {
    /// Starts it on a free port of its own choice, which it prints.
    fn start() -> (Self, u16) {
        let program = found("CHROMEDRIVER", &["chromedriver"]);
        let mut command = Command::new(program);
        command.arg("--port=0").stdout(Stdio::piped());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut process = Self(command.spawn().unwrap_or_else(|_| panic!("{INSTALL}")));
        let mut lines = BufReader::new(process.0.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .filter(|line| line.contains("started successfully"))
            .find_map(|line| {
                let digits = line.rsplit(' ').next()?.trim_end_matches('.').to_owned();
                digits.parse().ok()
            });
        // It must be able to go on printing.
        std::thread::spawn(move || lines.for_each(drop));
        (
            process,
            port.unwrap_or_else(|| panic!("chromedriver does not say which port it has")),
        )
    }
}

/// The program that a variable names, or the first of `names` on the path.
fn found(variable: &str, names: &[&str]) -> PathBuf {
    if let Some(path) = env::var_os(variable) {
        return path.into();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{INSTALL}"))
}

impl Chromium {
    /// Starts one, as soon as no other test of this process has one.
    pub async fn start() -> WebDriverResult<Self> {
        let turn = ONE_AT_A_TIME.lock().await;
        Self::with(Some(turn)).await
    }

    /// Starts another one beside this one: another browser of the same test, which must not outlive this one.
    pub async fn start_beside(&self) -> WebDriverResult<Self> {
        Self::with(None).await
    }

    async fn with(turn: Option<MutexGuard<'static, ()>>) -> WebDriverResult<Self> {
        let browser = found("CHROME", &["chromium", "chromium-browser", "google-chrome"]);
        let profile = tempfile::tempdir().unwrap();
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_binary(browser.to_str().unwrap())?;
        for flag in FLAGS {
            wanted.add_arg(flag)?;
        }
        wanted.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        let (process, port) = Chromedriver::start();
        Ok(Self {
            driver: WebDriver::new(format!("http://127.0.0.1:{port}"), wanted).await?,
            _process: process,
            _profile: profile,
            _turn: turn,
        })
    }

    /// Closes it in good order.
    pub async fn quit(self) -> WebDriverResult<()> {
        self.driver.quit().await
    }

    /// Gives the window this width and height, in pixels.
    pub async fn size(&self, (width, height): (u32, u32)) -> WebDriverResult<()> {
        self.driver.set_window_rect(0, 0, width, height).await
    }

    /// A window narrower than Chromium lets people make one, as phones have.
    pub async fn phone(&self, (width, height): (u32, u32)) -> WebDriverResult<()> {
        self.size((width, height)).await?;
        let inner = self.number("return window.innerWidth").await?;
        assert_eq!(
            inner,
            i64::from(width),
            "the window has the size of a phone"
        );
        Ok(())
    }

    /// Opens a page of the server at `address`, such as `127.0.0.1:8000`.
    pub async fn open(&self, address: &str, path: &str) -> WebDriverResult<()> {
        self.driver.goto(format!("http://{address}{path}")).await
    }

    async fn find(&self, css: &str) -> WebDriverResult<WebElement> {
        self.driver.query(By::Css(css)).first().await
    }

    /// Clicks what a CSS selector names, as soon as it is there.
    pub async fn click(&self, css: &str) -> WebDriverResult<()> {
        self.find(css).await?.click().await
    }

    /// Types into a field, in place of what stands there.
    pub async fn type_into(&self, css: &str, text: &str) -> WebDriverResult<()> {
        let field = self.find(css).await?;
        field.clear().await?;
        field.send_keys(text).await
    }

    async fn text(&self) -> WebDriverResult<String> {
        self.find("body").await?.text().await
    }

    /// Waits until the page shows `text`.
    pub async fn shows(&self, text: &str) -> WebDriverResult<()> {
        let mut page = String::new();
        for _ in 0..TRIES {
            // The page may be changing under our eyes.
            page = self.text().await.unwrap_or_default();
            if page.contains(text) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("no {text:?} on the page:\n{page}");
    }

    /// Neither seen nor anywhere in the source.
    pub async fn hides(&self, text: &str) -> WebDriverResult<()> {
        let source = self.driver.source().await?;
        assert!(!source.contains(text), "{text:?} on the page:\n{source}");
        Ok(())
    }

    /// The session's cookie.
    pub async fn cookie(&self) -> WebDriverResult<Option<Cookie>> {
        let cookies = self.driver.get_all_cookies().await?;
        Ok(cookies
            .into_iter()
            .find(|cookie| cookie.name == "sessionid"))
    }

    /// The cookies that the page's scripts can read.
    pub async fn script_sees_cookies(&self) -> WebDriverResult<String> {
        let cookies = self.driver.execute("return document.cookie", vec![]);
        cookies.await?.convert()
    }

    /// The colour behind the page.
    pub async fn background(&self) -> WebDriverResult<String> {
        let script = "return getComputedStyle(document.body).backgroundColor";
        self.driver.execute(script, vec![]).await?.convert()
    }

    async fn number(&self, script: &str) -> WebDriverResult<i64> {
        self.driver.execute(script, vec![]).await?.convert()
    }

    /// Nothing reaches beyond the window's right edge.
    pub async fn fits(&self, path: &str) -> WebDriverResult<()> {
        let needed = self
            .number("return document.documentElement.scrollWidth")
            .await?;
        let there = self.number("return window.innerWidth").await?;
        assert!(needed <= there, "{path} needs {needed} of {there} pixels");
        Ok(())
    }

    /// Leaves a picture of the page in `<target directory>/screenshots`.
    pub async fn screenshot(&self, name: &str) -> WebDriverResult<()> {
        // Tests lie in `<target directory>/<profile>/deps`.
        let program = env::current_exe().unwrap();
        let target = program.ancestors().nth(3).unwrap_or(Path::new("."));
        let folder = target.join("screenshots");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{name}.png"));
        // Made first, for an error that names the file.
        File::create(&path).unwrap();
        self.driver.screenshot(&path).await
    }
}
