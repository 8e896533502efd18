//! The file engine beside Django, beside other programs, and on disks and folders that are not as they should be.

#[cfg(test)]
#[path = "../vectors/common.rs"]
mod common;
#[cfg(test)]
mod crash;
#[cfg(test)]
#[path = "../vectors/deliberate.rs"]
mod deliberate;
#[cfg(test)]
mod django;
#[cfg(test)]
mod folder;
#[cfg(test)]
mod full;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod site;
#[cfg(test)]
mod vectors;

#[cfg(test)]
mod tests {
    use tenure::{Settings, engine::file::FileStore};

    use crate::site::in_memory;

    tenure::conformance!(file, async |settings: &Settings| {
        let folder = in_memory();
        let mut settings = settings.clone();
        settings.file_path = Some(folder.path().to_owned());
        let one = FileStore::open(&settings).await.unwrap();
        ([one, FileStore::open(&settings).await.unwrap()], folder)
    });
}
