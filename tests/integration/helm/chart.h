#pragma once

#include <string>

namespace berth::helm {

/// A packaged chart "web" of a ConfigMap with the key `note` from values, and, as values ask:
/// `deployment: true`, a Deployment that never becomes ready where there are no nodes;
/// `finalizer: true`, a finalizer on the ConfigMap that nobody takes away.
std::string WebChart(const std::string& version);

/// A packaged chart whose template does not parse.
std::string BrokenChart();

}  // namespace berth::helm
