//! What the encoder of the vectors needs, as `tools/vectors/requirements.txt` pins it.

use super::python::Environment;

/// Its environment.
pub(super) fn environment(requirements: &str) -> Environment<'static> {
    let packages = packages(requirements);
    Environment {
        what: "the encoder of the vectors",
        folder: format!("vectors-venv-{}", packages.join("-").replace("==", "-")),
        packages,
        module: "cbor2, cryptography",
    }
}

/// The lines that are not comments.
fn packages(requirements: &str) -> Vec<String> {
    requirements.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another version is another folder, so that it is installed.
    #[test]
    fn the_folder_names_the_versions() {
        let environment = environment("# why\n one==1.0\n\ntwo==2.0\n");
        assert_eq!(environment.packages, ["one==1.0", "two==2.0"]);
        assert_eq!(environment.folder, "vectors-venv-one-1.0-two-2.0");
    }

    #[test]
    fn all_requirements_are_pinned() {
        let requirements = include_str!("../../../vectors/requirements.txt");
        assert!(packages(requirements).iter().all(|package| package.contains("==")));
    }
}
