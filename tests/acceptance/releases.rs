//! Which features a release of Terraform has, so that a test is left out where it cannot run and nowhere else.

use crate::harness::terraform::{Feature, Release};

#[track_caller]
fn check(printed: &str, feature: Feature, expected: Option<&str>) {
    let release = Release::parse(printed).unwrap();
    assert_eq!(release.lacks(feature).as_deref(), expected, "{printed}: {feature:?}");
}

#[test]
fn what_a_release_lacks() {
    check(
        "Terraform v1.11.4\non linux_amd64\n",
        Feature::Identity,
        Some("resource identity came with Terraform 1.12"),
    );
    check("Terraform v1.12.0\n", Feature::Identity, None);
    check("Terraform v1.14.0-beta1\n", Feature::Actions, None);
    check(
        "Terraform v1.9.8\n",
        Feature::WriteOnlyArguments,
        Some("write-only arguments came with Terraform 1.11"),
    );
    check("Terraform v2.0.0\n", Feature::ListResources, None);
    check("OpenTofu v1.7.1\n", Feature::Functions, None);
    check("Terraform v1.7.1\n", Feature::Functions, Some("functions of providers came with Terraform 1.8"));
    check(
        "OpenTofu v1.11.0\n",
        Feature::ListResources,
        Some("OpenTofu does not have list resources and `terraform query`"),
    );
}

#[test]
fn how_a_release_is_read() {
    let warned = "Warning: something\n\nTerraform v1.6.6\non linux_amd64\n\nYour version is out of date\n";
    assert_eq!(Release::parse(warned).unwrap().version, "1.6.6");
    for nothing in ["", "Terraform", "Terraform vx.y", "OpenTofu v1"] {
        assert_eq!(Release::parse(nothing), None, "{nothing:?}");
    }
}
