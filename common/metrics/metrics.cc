#include "common/metrics/metrics.h"

#include <fmt/format.h>
#include <prometheus/exposer.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <stdexcept>
#include <utility>

#include "common/status/status.h"

namespace berth::metrics {

Registry::Registry(std::string service)
    : service_(std::move(service)), registry_(std::make_shared<prometheus::Registry>()) {}

Registry::~Registry() = default;

prometheus::Counter& Registry::Counter(const std::string& name, const std::string& help,
                                       const Labels& labels) {
  return prometheus::BuildCounter()
      .Name(fmt::format("{}_{}", service_, name))
      .Help(help)
      .Register(*registry_)
      .Add(labels);
}

prometheus::Gauge& Registry::Gauge(const std::string& name, const std::string& help,
                                   const Labels& labels) {
  return prometheus::BuildGauge()
      .Name(fmt::format("{}_{}", service_, name))
      .Help(help)
      .Register(*registry_)
      .Add(labels);
}

prometheus::Histogram& Registry::Histogram(const std::string& name, const std::string& help,
                                           const std::vector<double>& bounds,
                                           const Labels& labels) {
  return prometheus::BuildHistogram()
      .Name(fmt::format("{}_{}", service_, name))
      .Help(help)
      .Register(*registry_)
      .Add(labels, bounds);
}

std::string Registry::Text() const {
  return prometheus::TextSerializer().Serialize(registry_->Collect());
}

std::vector<double> DurationBounds() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
}

absl::StatusOr<std::unique_ptr<Exposer>> Exposer::Start(const std::string& address,
                                                        Registry& registry) {
  try {
    auto exposer = std::make_unique<prometheus::Exposer>(address);
    exposer->RegisterCollectable(registry.registry_);
    const int port = exposer->GetListeningPorts().front();
    return std::unique_ptr<Exposer>(new Exposer(std::move(exposer), port));
  } catch (const std::exception& error) {
    return InvalidField("metrics_listen",
                        fmt::format("cannot listen on '{}': {}; give host:port with a free port",
                                    address, error.what()));
  }
}

Exposer::Exposer(std::unique_ptr<prometheus::Exposer> exposer, int port)
    : exposer_(std::move(exposer)), port_(port) {}

Exposer::~Exposer() = default;

}  // namespace berth::metrics
