//! Certificates for TLS.

use std::{path::Path, process::Command};

use crate::program;

/// An authority, certificates of a server at 127.0.0.1 and of a client that it has signed, and another authority.
pub(crate) fn make(folder: &Path) {
    let openssl = program("openssl", "openssl", &[]);
    let run = |arguments: &str| {
        let mut command = Command::new(&openssl);
        let done = command
            .current_dir(folder)
            .args(arguments.split(' '))
            .output()
            .unwrap();
        let problem = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "openssl {arguments}: {problem}");
    };
    let curve = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    for name in ["ca", "other"] {
        run(&format!(
            "req -x509 {curve} -keyout {name}.key -out {name}.pem -subj /CN=authority"
        ));
    }
    for (name, usage) in [("server", "serverAuth"), ("client", "clientAuth")] {
        run(&format!(
            "req -x509 -CA ca.pem -CAkey ca.key {curve} -keyout {name}.key -out {name}.pem -subj /CN={name} \
             -addext subjectAltName=IP:127.0.0.1 -addext extendedKeyUsage={usage} -addext basicConstraints=critical,CA:FALSE"
        ));
    }
}
