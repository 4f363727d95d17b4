#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/grpc/channel.h"
#include "common/kube/client.h"
#include "common/kube/clock.h"
#include "common/kube/config.h"
#include "common/kube/curl_transport.h"
#include "common/metrics/metrics.h"
#include "ingress-service/adapters/rule_engine.h"
#include "tests/integration/ingress/mortal_transport.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::ingress {

/// One replica of ingress-service inside the test.
class Replica {
 public:
  /// `port_service` is an address. Fails the test if it cannot start.
  Replica(const kube::Config& config, const std::string& ns, const std::string& port_service,
          PoolReconciler::Options loop) {
    auto transport =
        std::make_unique<MortalTransport>(*kube::CurlTransport::Create(config, "berth-test"));
    transport_ = transport.get();
    client_ = std::make_unique<kube::Client>(std::move(transport), kube::RealClock());
    stub_ = port::v1::PortService::NewStub(rpc::CreateChannel({.target = port_service}));
    engine_ = *RuleEngine::Create(*client_, *stub_, metrics_,
                                  {.ns = ns,
                                   .port_service_timeout = std::chrono::seconds(5),
                                   .loop = std::move(loop),
                                   .probe = {.hold = std::chrono::milliseconds(100),
                                             .retry_interval = std::chrono::milliseconds(50)}});
    EXPECT_TRUE(engine_->Start(std::chrono::steady_clock::now() + std::chrono::seconds(30)).ok());
  }

  RuleService& service() { return engine_->service(); }
  RuleStore& rules() { return engine_->rules(); }
  RuleSource& source() { return engine_->source(); }
  const PoolInspector& inspector() { return engine_->inspector(); }
  MortalTransport& transport() { return *transport_; }

 private:
  metrics::Registry metrics_{"ingress"};
  MortalTransport* transport_ = nullptr;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<port::v1::PortService::Stub> stub_;
  std::unique_ptr<RuleEngine> engine_;
};

/// Applies rules, and deletes those at even places again, ten at a time in order and these tens at
/// once; what one replica applies the other one deletes. Fails the test if a call does.
inline void ApplyAndDeleteEveryOther(Replica& a, Replica& b,
                                     const std::vector<WantedRule>& wanted) {
  std::vector<std::jthread> callers;
  for (std::size_t begin = 0; begin < wanted.size(); begin += 10) {
    callers.emplace_back([&, begin] {
      const bool a_applies = begin / 10 % 2 == 0;
      RuleService& first = a_applies ? a.service() : b.service();
      RuleService& second = a_applies ? b.service() : a.service();
      for (std::size_t i = begin; i < std::min(begin + 10, wanted.size()); ++i) {
        const auto applied = first.Apply({wanted[i]});
        EXPECT_TRUE(applied[0].ok()) << applied[0].status();
        if (i % 2 == 0) {
          const absl::Status deleted = second.Delete(wanted[i].name, wanted[i].claim_uid);
          EXPECT_TRUE(deleted.ok()) << deleted;
        }
      }
    });
  }
}

}  // namespace berth::ingress
