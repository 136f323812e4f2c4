//! The operator examines the gateway, which has served everybody before: nothing may be wrong with it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::report::Direction::Both;
use super::stage::Stage;

#[derive(Deserialize)]
struct Diagnosis {
    healthy: bool,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Finding {
    category: String,
    severity: String,
    cause: String,
}

/// `causewayctl doctor` finds nothing: a row for each category that it looks into.
///
/// # Errors
/// If it cannot be run, or its report not be read.
pub async fn all_is_well(stage: &Stage<'_>) -> Result<()> {
    let diagnosis = stage.must("causewayctl doctor --with-key", Both, async || examine(stage).await).await?;
    let mut wrong: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Finding { category, severity, cause } in &diagnosis.findings {
        let found = (severity != "ok").then(|| format!("{severity}: {cause}"));
        wrong.entry(category).or_default().extend(found);
    }
    for (category, wrong) in wrong {
        let is_well = async || {
            ensure!(wrong.is_empty(), "{}", wrong.join("; "));
            Ok(())
        };
        stage.check(&format!("doctor: {category}"), Both, is_well).await;
    }
    Ok(())
}

async fn examine(stage: &Stage<'_>) -> Result<Diagnosis> {
    let ran = stage.environment.gateway.causewayctl(&["doctor", "--with-key", "-o", "json"]).await?;
    let diagnosis: Diagnosis = serde_json::from_slice(&ran.stdout).with_context(|| {
        let (said, failed) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        format!("not a report: {said}{failed}")
    })?;
    ensure!(
        diagnosis.healthy == ran.status.success(),
        "the report says healthy: {}, but it ends with {}",
        diagnosis.healthy,
        ran.status
    );
    Ok(diagnosis)
}
