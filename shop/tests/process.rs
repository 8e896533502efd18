//! Starting and stopping the shop.

#[cfg(test)]
#[path = "common/server.rs"]
mod server;

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Read as _,
        net::{TcpListener, TcpStream},
        os::unix::fs::PermissionsExt as _,
        path::Path,
        process::Stdio,
    };

    use super::server::{Server, shop};

    /// What a shop says that cannot start, and its exit code.
    fn refusal(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
        let output = shop(folder)
            .args(arguments)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        (
            String::from_utf8(output.stderr).unwrap(),
            output.status.code(),
        )
    }

    #[test]
    fn the_first_start_makes_everything_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let (server, printed) = Server::open(folder.path(), "0");
        assert!(!server.address.ends_with(":0"));
        assert!(printed.contains("demo, password demo-password"));
        let database = folder.path().join("shop.sqlite3");
        assert!(printed.contains(database.to_str().unwrap()));
        for name in ["shop.sqlite3", "shop.sqlite3.secret"] {
            let path = folder.path().join(name);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn ctrl_c_and_sigterm_end_it_although_a_browser_holds_connections_open() {
        let folder = tempfile::tempdir().unwrap();
        for signal in ["-INT", "-TERM"] {
            let server = Server::start(folder.path());
            let mut idle = TcpStream::connect(&server.address).unwrap();
            assert_eq!(server.stop(signal).code(), Some(0), "{signal}");
            assert_eq!(idle.read(&mut [0]).unwrap_or(0), 0);
        }
    }

    #[test]
    fn a_busy_port_is_named_and_nothing_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let busy = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = busy.local_addr().unwrap().port().to_string();
        let (message, code) = refusal(folder.path(), &["--port", &port]);
        assert!(
            message.contains(&format!(
                "port {port} is in use: choose another with --port"
            )),
            "{message}"
        );
        assert_eq!(code, Some(1));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn wrong_flags_are_explained() {
        let folder = tempfile::tempdir().unwrap();
        for arguments in [
            &["--prot", "80"][..],
            &["--port", "http"],
            &["shop.sqlite3"],
        ] {
            let (message, code) = refusal(folder.path(), arguments);
            assert_eq!(code, Some(2), "{message}");
        }
        let (message, _) = refusal(folder.path(), &["--prot", "80"]);
        assert!(message.contains("--port"), "{message}");
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("tea.sqlite3.secret");
        fs::write(&secret, "x".repeat(64)).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
        let (message, code) = refusal(folder.path(), &["--port", "0", "--database", "tea.sqlite3"]);
        assert!(message.contains("mode 644"), "{message}");
        assert!(!message.contains("xxxx"), "{message}");
        assert_eq!(code, Some(1));
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (message, code) = refusal(
            folder.path(),
            &["--port", "0", "--database", "nowhere/tea.sqlite3"],
        );
        assert!(message.contains("nowhere/tea.sqlite3"), "{message}");
        assert_eq!(code, Some(1));
    }

    #[test]
    fn a_file_that_is_no_database_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tea.sqlite3"), "no database ".repeat(99)).unwrap();
        let (message, code) = refusal(folder.path(), &["--port", "0", "--database", "tea.sqlite3"]);
        assert!(message.contains("database"), "{message}");
        assert_eq!(code, Some(1));
    }
}
