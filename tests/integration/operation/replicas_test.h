#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/operation/names.h"
#include "common/operation/record.h"
#include "common/operation/release_queue.h"
#include "common/status/grpc_status.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "tests/integration/harness/eventually.h"
#include "tests/integration/operation/replica.h"

namespace berth::operation {

/// Two replicas, "a" and "b", of one service in a namespace of their own, with quick liveness.
class ReplicasTest : public testing::Test {
 protected:
  /// Test itself has a Run.
  using OperationRun = berth::operation::Run;

  static constexpr LivenessTimes kQuick{.lease_duration = std::chrono::milliseconds(2500),
                                        .renew_every = std::chrono::milliseconds(400),
                                        .give_up_after = std::chrono::milliseconds(1800),
                                        .kill_margin = std::chrono::milliseconds(700)};
  /// For tests in which nobody is to die.
  static constexpr LivenessTimes kPatient{};

  void StartReplicas(LivenessTimes liveness = kPatient, Retention retention = {},
                     std::chrono::milliseconds retention_every = std::chrono::minutes(1)) {
    const auto start = [&](const std::string& name, GatedHandler& handler) {
      return std::make_unique<Replica>(api_server_, addresses_, handler,
                                       Replica::Settings{.name = name,
                                                         .kube_namespace = kube_namespace_,
                                                         .liveness = liveness,
                                                         .retention = retention,
                                                         .retention_every = retention_every});
    };
    a_ = start("a", work_a_);
    b_ = start("b", work_b_);
  }

  static helm::v1::InstallReleaseRequest Request(const std::string& request_id,
                                                 const std::string& release = "web") {
    helm::v1::InstallReleaseRequest request;
    request.set_namespace_("shop");
    request.set_name(release);
    request.mutable_run()->set_request_id(request_id);
    return request;
  }

  static std::string NameOf(const std::string& request_id) {
    return OperationName("tester", "berth.helm.v1.HelmService", request_id);
  }

  /// All messages of a call, and how it ended.
  struct Heard {
    std::vector<helm::v1::InstallReleaseResponse> messages;
    absl::Status status;
  };

  static Heard Install(Replica& replica, const helm::v1::InstallReleaseRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    const auto reader = replica.installs().InstallRelease(&context, request);
    Heard heard;
    helm::v1::InstallReleaseResponse response;
    while (reader->Read(&response)) heard.messages.push_back(response);
    heard.status = FromGrpcStatus(reader->Finish());
    return heard;
  }

  /// Starts an operation without following it; its name.
  static std::string Detach(Replica& replica, helm::v1::InstallReleaseRequest request) {
    request.mutable_run()->set_detach(true);
    const Heard heard = Install(replica, request);
    EXPECT_TRUE(heard.status.ok()) << heard.status;
    EXPECT_EQ(heard.messages.size(), 1u);
    return heard.messages.empty() ? "" : heard.messages[0].update().operation();
  }

  /// An operation's stream read by a thread of its own.
  class Watcher {
   public:
    Watcher(Replica& replica, const std::string& name, std::int64_t after = 0) {
      context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
      v1::WatchOperationRequest request;
      request.set_name(name);
      request.set_after_sequence(after);
      reader_ = replica.operations().WatchOperation(&context_, request);
      thread_ = std::jthread([this] { Read(); });
    }
    ~Watcher() { context_.TryCancel(); }

    /// Waits until an update is seen that fits; false if none is within 20 s.
    bool WaitFor(const std::function<bool(const v1::OperationUpdate&)>& fits) {
      const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
      MutexLock lock(mutex_);
      while (true) {
        for (const v1::OperationUpdate& update : updates_) {
          if (fits(update)) return true;
        }
        if (!changed_.WaitUntil(mutex_, deadline)) return false;
      }
    }
    bool WaitForLine(const std::string& text) {
      return WaitFor([&](const auto& update) { return update.line().text() == text; });
    }
    bool WaitForPhase(const std::string& message) {
      return WaitFor([&](const auto& update) { return update.phase().message() == message; });
    }
    /// Waits until the stream has ended; its last message.
    std::optional<v1::WatchOperationResponse> WaitForEnd() {
      thread_.join();
      MutexLock lock(mutex_);
      return end_;
    }
    std::vector<v1::OperationUpdate> updates() const {
      MutexLock lock(mutex_);
      return updates_;
    }
    absl::Status status() const {
      MutexLock lock(mutex_);
      return status_;
    }

   private:
    void Read() {
      v1::WatchOperationResponse response;
      while (reader_->Read(&response)) {
        MutexLock lock(mutex_);
        if (response.has_update()) {
          updates_.push_back(response.update());
        } else {
          end_ = response;
        }
        changed_.NotifyAll();
      }
      const absl::Status status = FromGrpcStatus(reader_->Finish());
      MutexLock lock(mutex_);
      status_ = status;
      changed_.NotifyAll();
    }

    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<v1::WatchOperationResponse>> reader_;
    mutable Mutex mutex_;
    CondVar changed_;
    std::vector<v1::OperationUpdate> updates_ ABSL_GUARDED_BY(mutex_);
    std::optional<v1::WatchOperationResponse> end_ ABSL_GUARDED_BY(mutex_);
    absl::Status status_ ABSL_GUARDED_BY(mutex_);
    std::jthread thread_;
  };

  /// The record as the API server has it.
  std::optional<Record> Stored(const std::string& name) {
    const absl::StatusOr<kube::Json> object =
        client_->Get(kube::kOperations, {kube_namespace_, name});
    if (!object.ok()) return std::nullopt;
    return Record(*object);
  }

  std::vector<std::string> QueueOf(const std::string& release) {
    return *ReleaseQueues(*client_, kube_namespace_).Read({"shop", release});
  }

  /// Polls the API server; false if it does not come true within 30 s.
  bool EventuallyInState(const std::string& name, State state) {
    return harness::Eventually([&] {
      const std::optional<Record> record = Stored(name);
      return record && record->state() == state;
    });
  }

  harness::ApiServer& api_server_ = harness::ApiServer::Shared();
  std::unique_ptr<kube::Client> client_ = api_server_.MakeClient();
  const std::string kube_namespace_ = api_server_.MakeNamespace();
  Addresses addresses_;
  GatedHandler work_a_;
  GatedHandler work_b_;
  std::unique_ptr<Replica> a_;
  std::unique_ptr<Replica> b_;
};

}  // namespace berth::operation
