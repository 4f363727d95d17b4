#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/grpc/channel.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/status/grpc_status.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"
#include "tests/integration/gateway/programs.h"
#include "tests/integration/harness/eventually.h"

namespace berth::gateway {
namespace {

using harness::Eventually;
using kube::Json;
using Program = Programs::Program;
using operation::v1::Operation;

/// What a stream brought.
template <typename Response>
struct Call {
  std::string operation;
  bool joined = false;
  std::vector<std::string> phases;
  std::vector<std::string> lines;
  std::optional<Response> last;
  absl::Status status;
};

template <typename Response>
Call<Response> ReadAll(grpc::ClientReader<Response>& stream) {
  Call<Response> call;
  Response response;
  while (stream.Read(&response)) {
    if (!response.has_update()) {
      call.last = response;
      continue;
    }
    const operation::v1::OperationUpdate& update = response.update();
    if (update.has_accepted()) {
      call.operation = update.operation();
      call.joined = update.accepted().joined();
    } else if (update.has_phase()) {
      call.phases.push_back(update.phase().phase());
    } else if (update.has_line()) {
      call.lines.push_back(update.line().text());
    }
  }
  call.status = FromGrpcStatus(stream.Finish());
  return call;
}

class GatewayIntegrationTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    chart_ = new std::string(EchoChart(harness::ApiServer::Shared().folder()));
  }
  static void TearDownTestSuite() { delete chart_; }

  void TearDown() override {
    // A gateway serves the exposures of the whole cluster, the next test's those of this one too.
    for (const Json& exposure : StoredExposures()) {
      EXPECT_TRUE(programs_.client().Delete(kube::kExposures, kube::NameOf(exposure), {}).ok());
    }
    EXPECT_TRUE(Eventually([&] { return StoredExposures().empty(); }));
    if (HasFailure()) {
      for (const Program program :
           {Program::kGateway, Program::kHelm, Program::kPorts, Program::kIngress}) {
        std::cerr << "---- " << programs_.Log(program) << '\n';
      }
    }
  }

  v1::ExposeRequest ExposeWeb() const {
    v1::ExposeRequest request;
    request.set_namespace_(ns_);
    request.mutable_spec()->mutable_target()->set_service("web");
    request.mutable_spec()->set_pool("edge");
    request.mutable_spec()->add_ports()->set_port_number(80);
    return request;
  }

  v1::DeployRequest DeployEcho() const {
    v1::DeployRequest request;
    request.set_namespace_(ns_);
    request.set_name("echo");
    request.mutable_chart()->set_archive(*chart_);
    request.set_pool("edge");
    return request;
  }

  Call<v1::ExposeResponse> Expose(const v1::ExposeRequest& request) {
    grpc::ClientContext context;
    return ReadAll(*programs_.gateway().Expose(&context, request));
  }
  Call<v1::DeployResponse> Deploy(const v1::DeployRequest& request) {
    grpc::ClientContext context;
    return ReadAll(*programs_.gateway().Deploy(&context, request));
  }
  Call<v1::UnexposeResponse> Unexpose(const std::string& name, bool allow_missing = false) {
    v1::UnexposeRequest request;
    request.set_namespace_(ns_);
    request.set_name(name);
    request.set_allow_missing(allow_missing);
    grpc::ClientContext context;
    return ReadAll(*programs_.gateway().Unexpose(&context, request));
  }
  Call<v1::UndeployResponse> Undeploy(const std::string& name) {
    v1::UndeployRequest request;
    request.set_namespace_(ns_);
    request.set_name(name);
    grpc::ClientContext context;
    return ReadAll(*programs_.gateway().Undeploy(&context, request));
  }

  Operation GetOperation(const std::string& name) {
    operation::v1::GetOperationRequest request;
    request.set_name(name);
    const auto response =
        rpc::Call(programs_.operations(),
                  &operation::v1::OperationService::StubInterface::GetOperation, request);
    return response.ok() ? response->operation() : Operation();
  }
  void Cancel(const std::string& name) {
    operation::v1::CancelOperationRequest request;
    request.set_name(name);
    EXPECT_TRUE(rpc::Call(programs_.operations(),
                          &operation::v1::OperationService::StubInterface::CancelOperation, request)
                    .ok());
  }

  std::vector<Json> StoredExposures() {
    const auto list = programs_.client().List(kube::kExposures, ns_);
    EXPECT_TRUE(list.ok()) << list.status();
    return list->items;
  }

  static std::string* chart_;
  Programs programs_;
  const std::string ns_ = programs_.MakeTargetNamespace();
};

std::string* GatewayIntegrationTest::chart_ = nullptr;

TEST_F(GatewayIntegrationTest, ExposeEndsWithAnAddressAndUnexposeTakesItAway) {
  const auto exposed = Expose(ExposeWeb());
  ASSERT_TRUE(exposed.status.ok()) << Describe(exposed.status);
  EXPECT_FALSE(exposed.operation.empty());
  const v1::Exposure& exposure = exposed.last->result().exposure();
  EXPECT_EQ(exposure.state(), v1::Exposure::STATE_ACTIVE);
  ASSERT_EQ(exposure.ports_size(), 1);
  ASSERT_EQ(exposure.addresses_size(), 1);
  EXPECT_EQ(exposure.addresses(0).ip(), "127.0.0.1");
  const std::string port = std::to_string(exposure.ports(0).port());
  EXPECT_EQ(programs_.Entries()[port], ns_ + "/web:80");
  EXPECT_TRUE(programs_.IsQuiet());

  v1::ListExposuresRequest list;
  list.set_namespace_(ns_);
  EXPECT_TRUE(Eventually([&] {
    const auto listed =
        rpc::Call(programs_.gateway(), &v1::GatewayService::StubInterface::ListExposures, list);
    return listed.ok() && listed->exposures_size() == 1 &&
           listed->exposures(0).uid() == exposure.uid();
  }));

  const auto removed = Unexpose(exposure.name());
  ASSERT_TRUE(removed.status.ok()) << Describe(removed.status);
  EXPECT_TRUE(removed.last->result().removed());
  EXPECT_TRUE(StoredExposures().empty());
  EXPECT_TRUE(programs_.Entries().empty());
  EXPECT_EQ(programs_.ClaimStates()["edge.tcp." + port], "QUARANTINED");

  EXPECT_EQ(ReasonOf(Unexpose(exposure.name()).status), Reason::ERROR_REASON_EXPOSURE_NOT_FOUND);
  const auto missing = Unexpose(exposure.name(), /*allow_missing=*/true);
  EXPECT_TRUE(missing.status.ok());
  EXPECT_FALSE(missing.last->result().removed());
}

TEST_F(GatewayIntegrationTest, TheSameRequestJoinsAndTheSameWishSharesTheExposure) {
  v1::ExposeRequest request = ExposeWeb();
  request.mutable_run()->set_request_id("once");
  const auto first = Expose(request);
  ASSERT_TRUE(first.status.ok()) << Describe(first.status);
  const auto again = Expose(request);
  EXPECT_TRUE(again.joined);
  EXPECT_EQ(again.operation, first.operation);

  request.mutable_run()->set_request_id("twice");
  const auto other = Expose(request);
  ASSERT_TRUE(other.status.ok()) << Describe(other.status);
  EXPECT_NE(other.operation, first.operation);
  EXPECT_EQ(other.last->result().exposure().uid(), first.last->result().exposure().uid());

  request.set_name(first.last->result().exposure().name());
  request.mutable_spec()->mutable_ports(0)->set_port(20050);
  request.mutable_run()->set_request_id("thrice");
  EXPECT_EQ(ReasonOf(Expose(request).status), Reason::ERROR_REASON_EXPOSURE_EXISTS);
  EXPECT_EQ(StoredExposures().size(), 1u);
}

TEST_F(GatewayIntegrationTest, WhatCannotWorkIsRefusedAndLeavesNothing) {
  v1::ExposeRequest request = ExposeWeb();
  request.mutable_spec()->mutable_target()->set_service("nothing");
  EXPECT_EQ(ReasonOf(Expose(request).status), Reason::ERROR_REASON_TARGET_NOT_FOUND);
  request = ExposeWeb();
  request.mutable_spec()->set_pool("nowhere");
  EXPECT_EQ(ReasonOf(Expose(request).status), Reason::ERROR_REASON_POOL_NOT_FOUND);
  request = ExposeWeb();
  request.mutable_spec()->mutable_ports(0)->set_port(5);
  EXPECT_EQ(ReasonOf(Expose(request).status), Reason::ERROR_REASON_PORT_NOT_ALLOWED);
  v1::DeployRequest deploy = DeployEcho();
  deploy.set_pool("nowhere");
  EXPECT_EQ(ReasonOf(Deploy(deploy).status), Reason::ERROR_REASON_POOL_NOT_FOUND);
  deploy = DeployEcho();
  deploy.set_name("--post-renderer=x");
  EXPECT_EQ(ReasonOf(Deploy(deploy).status), Reason::ERROR_REASON_INVALID_FIELD);
  EXPECT_TRUE(Eventually([&] { return StoredExposures().empty(); }));
  EXPECT_FALSE(programs_.HasRelease(ns_, "echo"));
  EXPECT_TRUE(Eventually([&] { return programs_.IsQuiet(); }));
}

TEST_F(GatewayIntegrationTest, CancelTakesTheExposureBack) {
  programs_.Kill(Program::kIngress);
  v1::ExposeRequest request = ExposeWeb();
  request.mutable_run()->set_detach(true);
  const auto started = Expose(request);
  ASSERT_TRUE(started.status.ok()) << Describe(started.status);
  EXPECT_TRUE(Eventually([&] { return !programs_.ClaimStates().empty(); }));
  Cancel(started.operation);
  EXPECT_TRUE(Eventually([&] {
    return GetOperation(started.operation).state() == Operation::STATE_CANCELLED;
  })) << GetOperation(started.operation).ShortDebugString();
  EXPECT_TRUE(StoredExposures().empty());
  programs_.Start(Program::kIngress);
  EXPECT_TRUE(Eventually([&] { return programs_.IsQuiet(); }));
}

TEST_F(GatewayIntegrationTest, AnExposureWrittenByOthersIsServedTheSame) {
  Json object = kube::NewObject(kube::kExposures, {ns_, "by-hand"});
  object["spec"] = {{"targetRef", {{"kind", "Service"}, {"name", "web"}}},
                    {"poolRef", {{"name", "edge"}}},
                    {"ports", Json::array({{{"name", "http"}, {"targetPort", "http"}}})}};
  ASSERT_TRUE(programs_.client().Create(kube::kExposures, object).ok());
  EXPECT_TRUE(Eventually([&] {
    const auto stored = programs_.client().Get(kube::kExposures, {ns_, "by-hand"});
    return stored.ok() && kube::IsConditionTrue(*stored, "Ready");
  }));
  EXPECT_EQ(programs_.Entries().size(), 1u);
  EXPECT_TRUE(programs_.client().Delete(kube::kExposures, {ns_, "by-hand"}, {}).ok());
  EXPECT_TRUE(Eventually([&] { return StoredExposures().empty(); }));
  EXPECT_TRUE(Eventually([&] { return programs_.IsQuiet(); }));
  EXPECT_TRUE(programs_.Entries().empty());
}

TEST_F(GatewayIntegrationTest, DeployInstallsAndExposesAndUndeployRemovesBoth) {
  v1::DeployRequest request = DeployEcho();
  request.add_ports()->set_port_name("echo");
  const auto deployed = Deploy(request);
  ASSERT_TRUE(deployed.status.ok()) << Describe(deployed.status);
  EXPECT_FALSE(deployed.phases.empty());
  EXPECT_FALSE(deployed.lines.empty());
  const v1::DeployResult& result = deployed.last->result();
  EXPECT_EQ(result.release().revision(), 1);
  EXPECT_EQ(result.exposure().name(), "echo");
  EXPECT_EQ(result.exposure().state(), v1::Exposure::STATE_ACTIVE);
  EXPECT_EQ(programs_.Entries()[std::to_string(result.exposure().ports(0).port())],
            ns_ + "/echo:7000");

  const auto removed = Undeploy("echo");
  ASSERT_TRUE(removed.status.ok()) << Describe(removed.status);
  EXPECT_TRUE(removed.last->result().removed_release());
  EXPECT_THAT(removed.last->result().removed_exposures(), ::testing::ElementsAre("echo"));
  EXPECT_FALSE(programs_.HasRelease(ns_, "echo"));
  EXPECT_TRUE(StoredExposures().empty());
  EXPECT_TRUE(programs_.IsQuiet());
  const auto again = Undeploy("echo");
  EXPECT_TRUE(again.status.ok());
  EXPECT_FALSE(again.last->result().removed_release());
}

TEST_F(GatewayIntegrationTest, ADeployWhosePortIsTakenIsTakenBack) {
  v1::ExposeRequest holder = ExposeWeb();
  holder.mutable_spec()->mutable_ports(0)->set_port(20010);
  ASSERT_TRUE(Expose(holder).status.ok());
  v1::DeployRequest request = DeployEcho();
  request.add_ports()->set_port_name("echo");
  request.mutable_ports(0)->set_port(20010);
  const auto refused = Deploy(request);
  EXPECT_EQ(ReasonOf(refused.status), Reason::ERROR_REASON_PORT_TAKEN) << Describe(refused.status);
  EXPECT_FALSE(programs_.HasRelease(ns_, "echo"));
  EXPECT_EQ(StoredExposures().size(), 1u);

  request.mutable_ports(0)->set_port(0);
  const auto deployed = Deploy(request);
  ASSERT_TRUE(deployed.status.ok()) << Describe(deployed.status);
  request.mutable_ports(0)->set_port(20010);
  const auto again = Deploy(request);
  EXPECT_EQ(ReasonOf(again.status), Reason::ERROR_REASON_PORT_TAKEN) << Describe(again.status);
  v1::GetExposureRequest get;
  get.set_namespace_(ns_);
  get.set_name("echo");
  EXPECT_TRUE(Eventually([&] {
    const auto exposure =
        rpc::Call(programs_.gateway(), &v1::GatewayService::StubInterface::GetExposure, get);
    return exposure.ok() && exposure->exposure().state() == v1::Exposure::STATE_ACTIVE &&
           exposure->exposure().spec().ports(0).port() == 0;
  }));
  EXPECT_TRUE(Eventually([&] { return programs_.IsQuiet(); }));
  EXPECT_EQ(programs_.Entries().size(), 2u);
}

/// The gateway dies so long after Deploy was acknowledged.
class GatewayDeathTest : public GatewayIntegrationTest,
                         public ::testing::WithParamInterface<int> {};

TEST_P(GatewayDeathTest, ADeployEndsAllThereOrAllGone) {
  v1::DeployRequest request = DeployEcho();
  request.add_ports()->set_port_name("echo");
  request.mutable_run()->set_detach(true);
  const auto started = Deploy(request);
  ASSERT_TRUE(started.status.ok()) << Describe(started.status);
  std::this_thread::sleep_for(std::chrono::milliseconds(GetParam()));
  programs_.Kill(Program::kGateway);
  programs_.Start(Program::kGateway);
  Operation ended;
  EXPECT_TRUE(Eventually([&] {
    ended = GetOperation(started.operation);
    return ended.has_end_time();
  })) << ended.ShortDebugString();
  if (ended.state() == Operation::STATE_SUCCEEDED) {
    EXPECT_TRUE(programs_.HasRelease(ns_, "echo"));
    EXPECT_EQ(programs_.Entries().size(), 1u);
  } else {
    EXPECT_EQ(ended.reason(), operation::v1::ERROR_REASON_INTERRUPTED) << ended.ShortDebugString();
    EXPECT_FALSE(programs_.HasRelease(ns_, "echo"));
    EXPECT_TRUE(StoredExposures().empty());
  }
  EXPECT_TRUE(Eventually([&] { return programs_.IsQuiet(); }));
}

INSTANTIATE_TEST_SUITE_P(Milliseconds, GatewayDeathTest, ::testing::Values(0, 150, 400, 900),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace berth::gateway
