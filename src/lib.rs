//! A Terraform provider for the remote backup of Huawei Cloud HSS Web Tamper Protection.

pub mod auth;
pub mod client;
pub mod clock;
pub mod framework;
pub mod hss;
pub mod log;
pub mod plugin;
pub mod rest;
pub mod sim;
pub mod tfplugin6;
