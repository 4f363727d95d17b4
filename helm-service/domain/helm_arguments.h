#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "helm-service/domain/action.h"
#include "helm-service/domain/chart_renderer.h"
#include "helm-service/domain/helm_version.h"

namespace berth::helm {

/// Helm's arguments for an action, whose options it must know (see CheckOptions). `timeout` bounds
/// each wait of Helm's; `archive_path` is where the chart lies, whatever its source: Helm fetches
/// nothing. Flags have the form --flag=value and everything else follows "--", so no text of a
/// caller is ever read as a flag; values are read from standard input.
std::vector<std::string> HelmArguments(const Action& action, const HelmVersion& version,
                                       std::chrono::seconds timeout,
                                       const std::string& archive_path);

/// Helm's arguments for an install or upgrade as a dry run against the cluster that prints JSON.
std::vector<std::string> DryRunArguments(const Action& action, const HelmVersion& version,
                                         std::chrono::seconds timeout,
                                         const std::string& archive_path);

/// Helm's arguments for rendering without a cluster.
std::vector<std::string> TemplateArguments(const Rendering& rendering,
                                           const std::string& archive_path);

}  // namespace berth::helm
