//! Starting and stopping.

#[cfg(test)]
#[path = "common/site.rs"]
mod site;

#[cfg(test)]
mod tests {
    use std::{fs, net::TcpStream, os::unix::fs::PermissionsExt as _};

    use super::site::Site;

    #[test]
    fn nothing_stays_behind_however_it_ends_and_the_secret_stays() {
        let data = tempfile::Builder::new()
            .prefix("a shop? ")
            .tempdir()
            .unwrap();
        let file = data.path().join("env");
        let mut secrets = Vec::new();
        for signal in ["-TERM", "-KILL"] {
            let mut site = Site::start(data.path(), &[]);
            let django = site.address("Django on ");
            assert!(TcpStream::connect(&django).is_ok());
            site.stop(signal);
            testkit::wait_until("Django's end", || TcpStream::connect(&django).is_err());
            secrets.push(fs::read_to_string(&file).unwrap());
        }
        assert_eq!(secrets[0], secrets[1]);
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
