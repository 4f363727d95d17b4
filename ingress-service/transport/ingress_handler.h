#pragma once

#include "common/grpc/stream_registry.h"
#include "ingress-service/domain/adopter.h"
#include "ingress-service/domain/pool_inspector.h"
#include "ingress-service/domain/rule_feed.h"
#include "ingress-service/domain/rule_service.h"
#include "ingress-service/domain/rule_source.h"
#include "ingress-service/domain/rule_store.h"

#include "berth/ingress/v1/ingress_service.grpc.pb.h"

namespace berth::ingress {

/// IngressService as its proto documents it. Thread safe; calls block on the API server and on
/// port-service. Borrows everything.
class IngressHandler final
    : public v1::IngressService::WithCallbackMethod_WatchRules<v1::IngressService::Service> {
 public:
  struct Dependencies {
    RuleService& service;
    RuleStore& rules;
    RuleSource& source;
    RuleFeed& feed;
    const PoolInspector& inspector;
    Adopter& adopter;
  };

  IngressHandler(Dependencies dependencies, rpc::StreamRegistry& streams)
      : with_(dependencies), streams_(streams) {}

  grpc::Status ApplyRules(grpc::ServerContext* context, const v1::ApplyRulesRequest* request,
                          v1::ApplyRulesResponse* response) override;
  grpc::Status DeleteRule(grpc::ServerContext* context, const v1::DeleteRuleRequest* request,
                          v1::DeleteRuleResponse* response) override;
  grpc::Status GetRule(grpc::ServerContext* context, const v1::GetRuleRequest* request,
                       v1::GetRuleResponse* response) override;
  grpc::Status ListRules(grpc::ServerContext* context, const v1::ListRulesRequest* request,
                         v1::ListRulesResponse* response) override;
  grpc::Status GetDrift(grpc::ServerContext* context, const v1::GetDriftRequest* request,
                        v1::GetDriftResponse* response) override;
  grpc::Status AdoptRules(grpc::ServerContext* context, const v1::AdoptRulesRequest* request,
                          v1::AdoptRulesResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchRulesResponse>* WatchRules(
      grpc::CallbackServerContext* context, const v1::WatchRulesRequest* request) override;

 private:
  const Dependencies with_;
  rpc::StreamRegistry& streams_;
};

}  // namespace berth::ingress
