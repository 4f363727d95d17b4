#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>

#include "common/kube/client.h"
#include "common/kube/errors.h"
#include "common/kube/object.h"
#include "common/status/grpc_status.h"
#include "common/status/macros.h"
#include "common/status/status.h"

#include "berth/port/v1/port_service.grpc.pb.h"

namespace berth::ingress {

/// The two calls of PortService that ingress-service makes, on real PortClaim objects and by the
/// same compare-and-swap, served by gRPC on a port of its own.
class FakePortService : public port::v1::PortService::Service {
 public:
  FakePortService(std::unique_ptr<kube::Client> client, std::string ns)
      : client_(std::move(client)), ns_(std::move(ns)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~FakePortService() override { server_->Shutdown(); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status BindClaim(grpc::ServerContext*, const port::v1::BindClaimRequest* request,
                         port::v1::BindClaimResponse*) override {
    return ToGrpcStatus(Move(request->name(), request->uid(), "RESERVED", "BOUND"));
  }
  grpc::Status UnbindClaim(grpc::ServerContext*, const port::v1::UnbindClaimRequest* request,
                           port::v1::UnbindClaimResponse*) override {
    return ToGrpcStatus(Move(request->name(), request->uid(), "BOUND", "RELEASING"));
  }

 private:
  absl::Status Move(const std::string& name, const std::string& uid, const std::string& from,
                    const std::string& to) {
    while (true) {
      absl::StatusOr<kube::Json> claim = client_->Get(kube::kPortClaims, {ns_, name});
      if (kube::IsNotFound(claim.status()) || (claim.ok() && kube::Uid(*claim) != uid)) {
        return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_CLAIM_NOT_FOUND,
                     "no claim '" + name + "'");
      }
      RETURN_IF_ERROR(claim.status());
      const std::string state = kube::StringAt(*claim, {"spec", "state"});
      const bool done = state == to || (to == "RELEASING" && state == "QUARANTINED");
      if (done) {
        return absl::OkStatus();
      }
      if (state != from) {
        return Error(absl::StatusCode::kFailedPrecondition, Reason::ERROR_REASON_CLAIM_WRONG_STATE,
                     "the claim is " + state);
      }
      (*claim)["spec"]["state"] = to;
      const absl::Status updated = client_->Update(kube::kPortClaims, *claim).status();
      if (!kube::IsConflict(updated)) {
        return updated;
      }
    }
  }

  const std::unique_ptr<kube::Client> client_;
  const std::string ns_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace berth::ingress
