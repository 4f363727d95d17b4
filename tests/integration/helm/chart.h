#pragma once

#include <string>

namespace berth::helm {

/// A packaged chart "web" of a ConfigMap with the key `note` from values, and, as values ask:
/// `deployment: true`, a Deployment that never becomes ready where there are no nodes;
/// `finalizer: true`, a finalizer on the ConfigMap that nobody takes away; `tests: {NAME: KIND}`,
/// tests named after the release and NAME: a ConfigMap succeeds at once, a Pod when its phase says
/// so.
std::string WebChart(const std::string& version);

/// A packaged chart "shop" 2.0.0 with a subchart "db", defaults of every kind, a Secret with the
/// value `password`, and a hook that is a Secret with it too.
std::string ShopChart();

/// A packaged chart whose template does not parse.
std::string BrokenChart();

}  // namespace berth::helm
