/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "proto/mib_table.h"

#include <stddef.h>

/*
 * What common vendors' agents send: Cisco, Juniper, Arista.  Same format as
 * mib_table.c; facts only.
 */

/* clang-format off */
const char *const noc_mib_vendor[] = {
	"cisco 1.3.6.1.4.1.9 o",
	"tcpConnectionClose cisco.0.1 n",
	"lmem cisco.2.1 o",
	"freeMem lmem.8 s i",
	"avgBusy5 lmem.58 s i",
	"lifEntry 1.3.6.1.4.1.9.2.2.1.1 o",
	"locIfLineProt lifEntry.2 c i ifindex",
	"locIfReason lifEntry.20 c s ifindex",
	"locIfDescr lifEntry.28 c s ifindex",
	"tslineSesType 1.3.6.1.4.1.9.2.9.3.1.1 c i - unknown=1,pad=2,"
	"stream=3,rlogin=4,telnet=5,tcp=6,lat=7,mop=8,slip=9,xremote=10,"
	"rshell=11",
	"ciscoStackNotificationsPrefix cisco.5.0 o",
	"moduleUp ciscoStackNotificationsPrefix.3 n",
	"moduleDown ciscoStackNotificationsPrefix.4 n",
	"chassisAlarmOn ciscoStackNotificationsPrefix.5 n",
	"chassisAlarmOff ciscoStackNotificationsPrefix.6 n",
	"chassisGrp 1.3.6.1.4.1.9.5.1.2 o",
	"chassisMinorAlarm chassisGrp.11 s i - off=1,on=2",
	"chassisMajorAlarm chassisGrp.12 s i - off=1,on=2",
	"chassisTempAlarm chassisGrp.13 s i - off=1,on=2,critical=3",
	"moduleStatus 1.3.6.1.4.1.9.5.1.3.1.1.10 c i - other=1,ok=2,"
	"minorFault=3,majorFault=4",
	"portEntry 1.3.6.1.4.1.9.5.1.4.1.1 o",
	"portName portEntry.4 c s",
	"portOperStatus portEntry.6 c i - other=1,ok=2,minorFault=3,"
	"majorFault=4",
	"portIfIndex portEntry.11 c i",
	"ciscoEnvMonVoltageStatusEntry 1.3.6.1.4.1.9.9.13.1.2.1 o",
	"ciscoEnvMonVoltageStatusDescr ciscoEnvMonVoltageStatusEntry.2 c s",
	"ciscoEnvMonVoltageStatusValue ciscoEnvMonVoltageStatusEntry.3 c i",
	"ciscoEnvMonVoltageState ciscoEnvMonVoltageStatusEntry.7 c i - "
	"normal=1,warning=2,critical=3,shutdown=4,notPresent=5,"
	"notFunctioning=6",
	"ciscoEnvMonTemperatureStatusEntry 1.3.6.1.4.1.9.9.13.1.3.1 o",
	"ciscoEnvMonTemperatureStatusDescr "
	"ciscoEnvMonTemperatureStatusEntry.2 c s",
	"ciscoEnvMonTemperatureStatusValue "
	"ciscoEnvMonTemperatureStatusEntry.3 c u",
	"ciscoEnvMonTemperatureThreshold ciscoEnvMonTemperatureStatusEntry.4 "
	"c i",
	"ciscoEnvMonTemperatureState ciscoEnvMonTemperatureStatusEntry.6 c i "
	"- normal=1,warning=2,critical=3,shutdown=4,notPresent=5,"
	"notFunctioning=6",
	"ciscoEnvMonFanStatusEntry 1.3.6.1.4.1.9.9.13.1.4.1 o",
	"ciscoEnvMonFanStatusDescr ciscoEnvMonFanStatusEntry.2 c s",
	"ciscoEnvMonFanState ciscoEnvMonFanStatusEntry.3 c i - normal=1,"
	"warning=2,critical=3,shutdown=4,notPresent=5,notFunctioning=6",
	"ciscoEnvMonSupplyStatusEntry 1.3.6.1.4.1.9.9.13.1.5.1 o",
	"ciscoEnvMonSupplyStatusDescr ciscoEnvMonSupplyStatusEntry.2 c s",
	"ciscoEnvMonSupplyState ciscoEnvMonSupplyStatusEntry.3 c i - "
	"normal=1,warning=2,critical=3,shutdown=4,notPresent=5,"
	"notFunctioning=6",
	"ciscoEnvMonSupplySource ciscoEnvMonSupplyStatusEntry.4 c i - "
	"unknown=1,ac=2,dc=3,externalPowerSupply=4,internalRedundant=5",
	"ciscoEnvMonMIBNotifications 1.3.6.1.4.1.9.9.13.3.0 o",
	"ciscoEnvMonShutdownNotification ciscoEnvMonMIBNotifications.1 n",
	"ciscoEnvMonVoltageNotification ciscoEnvMonMIBNotifications.2 n",
	"ciscoEnvMonTemperatureNotification ciscoEnvMonMIBNotifications.3 n",
	"ciscoEnvMonFanNotification ciscoEnvMonMIBNotifications.4 n",
	"ciscoEnvMonRedundantSupplyNotification "
	"ciscoEnvMonMIBNotifications.5 n",
	"ciscoEnvMonVoltStatusChangeNotif ciscoEnvMonMIBNotifications.6 n",
	"ciscoEnvMonTempStatusChangeNotif ciscoEnvMonMIBNotifications.7 n",
	"ciscoEnvMonFanStatusChangeNotif ciscoEnvMonMIBNotifications.8 n",
	"ciscoEnvMonSuppStatusChangeNotif ciscoEnvMonMIBNotifications.9 n",
	"cdpCacheEntry 1.3.6.1.4.1.9.9.23.1.2.1.1 o",
	"cdpCacheAddress cdpCacheEntry.4 c x",
	"cdpCacheDeviceId cdpCacheEntry.6 c s",
	"cdpCacheDevicePort cdpCacheEntry.7 c s",
	"cdpCachePlatform cdpCacheEntry.8 c s",
	"clogHistoryEntry 1.3.6.1.4.1.9.9.41.1.2.3.1 o",
	"clogHistFacility clogHistoryEntry.2 c s",
	"clogHistSeverity clogHistoryEntry.3 c i - emergency=1,alert=2,"
	"critical=3,error=4,warning=5,notice=6,info=7,debug=8",
	"clogHistMsgName clogHistoryEntry.4 c s",
	"clogHistMsgText clogHistoryEntry.5 c s",
	"clogHistTimestamp clogHistoryEntry.6 c t",
	"clogMessageGenerated 1.3.6.1.4.1.9.9.41.2.0.1 n",
	"rttMonCtrlAdminTag 1.3.6.1.4.1.9.9.42.1.2.1.1.3 c s",
	"rttMonReactOccurred 1.3.6.1.4.1.9.9.42.1.2.19.1.10 c i - true=1,"
	"false=2",
	"rttMonNotification 1.3.6.1.4.1.9.9.42.2.0.5 n",
	"ccmHistory 1.3.6.1.4.1.9.9.43.1.1 o",
	"ccmHistoryRunningLastChanged ccmHistory.1 s t",
	"ccmHistoryRunningLastSaved ccmHistory.2 s t",
	"ccmHistoryStartupLastChanged ccmHistory.3 s t",
	"ccmHistoryEventEntry ccmHistory.6.1 o",
	"ccmHistoryEventIndex ccmHistoryEventEntry.1 c i",
	"ccmHistoryEventTime ccmHistoryEventEntry.2 c t",
	"ccmHistoryEventCommandSource ccmHistoryEventEntry.3 c i - "
	"commandLine=1,snmp=2",
	"ccmHistoryEventConfigSource ccmHistoryEventEntry.4 c i - erase=1,"
	"commandSource=2,running=3,startup=4,local=5,networkTftp=6,"
	"networkRcp=7,networkFtp=8,networkScp=9",
	"ccmHistoryEventConfigDestination ccmHistoryEventEntry.5 c i - "
	"erase=1,commandSource=2,running=3,startup=4,local=5,networkTftp=6,"
	"networkRcp=7,networkFtp=8,networkScp=9",
	"ccmHistoryEventTerminalType ccmHistoryEventEntry.6 c i - "
	"notApplicable=1,unknown=2,console=3,terminal=4,virtual=5,auxiliary=6",
	"ccmHistoryEventTerminalNumber ccmHistoryEventEntry.7 c i",
	"ccmHistoryEventTerminalUser ccmHistoryEventEntry.8 c s",
	"ccmHistoryEventTerminalLocation ccmHistoryEventEntry.9 c s",
	"ccmHistoryEventCommandSourceAddress ccmHistoryEventEntry.10 c a",
	"ccmHistoryEventVirtualHostName ccmHistoryEventEntry.11 c s",
	"ccmHistoryEventServerAddress ccmHistoryEventEntry.12 c a",
	"ccmHistoryEventFile ccmHistoryEventEntry.13 c s",
	"ccmHistoryEventRcpUser ccmHistoryEventEntry.14 c s",
	"ccmHistoryCLICmdEntriesBumped ccmHistoryEventEntry.15 c u",
	"ccmHistoryEventCommandSourceAddrType ccmHistoryEventEntry.16 c i - "
	"unknown=0,ipv4=1,ipv6=2,ipv4z=3,ipv6z=4,dns=16",
	"ccmHistoryEventCommandSourceAddrRev1 ccmHistoryEventEntry.17 c x",
	"ccmHistoryEventServerAddrType ccmHistoryEventEntry.18 c i - "
	"unknown=0,ipv4=1,ipv6=2,ipv4z=3,ipv6z=4,dns=16",
	"ccmHistoryEventServerAddrRev1 ccmHistoryEventEntry.19 c x",
	"ccmCLICfgRunConfNotifEnable 1.3.6.1.4.1.9.9.43.1.3.1 s i - true=1,"
	"false=2",
	"ciscoConfigManMIBNotifications 1.3.6.1.4.1.9.9.43.2.0 o",
	"ciscoConfigManEvent ciscoConfigManMIBNotifications.1 n",
	"ccmCLIRunningConfigChanged ciscoConfigManMIBNotifications.2 n",
	"ccmCTIDRolledOver ciscoConfigManMIBNotifications.3 n",
	"vtpVlanEntry 1.3.6.1.4.1.9.9.46.1.3.1.1 o",
	"vtpVlanState vtpVlanEntry.2 c i - operational=1,suspended=2,"
	"mtuTooBigForDevice=3,mtuTooBigForTrunk=4",
	"vtpVlanName vtpVlanEntry.4 c s",
	"vlanTrunkPortDynamicStatus 1.3.6.1.4.1.9.9.46.1.6.1.1.14 c i - "
	"trunking=1,notTrunking=2",
	"vtpNotificationsPrefix 1.3.6.1.4.1.9.9.46.2.0 o",
	"vtpVlanCreated vtpNotificationsPrefix.10 n",
	"vtpVlanDeleted vtpNotificationsPrefix.11 n",
	"ciscoMemoryPoolEntry 1.3.6.1.4.1.9.9.48.1.1.1 o",
	"ciscoMemoryPoolName ciscoMemoryPoolEntry.2 c s",
	"ciscoMemoryPoolUsed ciscoMemoryPoolEntry.5 c u",
	"ciscoMemoryPoolFree ciscoMemoryPoolEntry.6 c u",
	"vmVlan 1.3.6.1.4.1.9.9.68.1.2.2.1.2 c i ifindex",
	"stpxNotificationsPrefix 1.3.6.1.4.1.9.9.82.2.0 o",
	"stpxInconsistencyUpdate stpxNotificationsPrefix.1 n",
	"stpxRootInconsistencyUpdate stpxNotificationsPrefix.2 n",
	"stpxLoopInconsistencyUpdate stpxNotificationsPrefix.3 n",
	"entSensorValueEntry 1.3.6.1.4.1.9.9.91.1.1.1.1 o",
	"entSensorType entSensorValueEntry.1 c i - other=1,unknown=2,"
	"voltsAC=3,voltsDC=4,amperes=5,watts=6,hertz=7,celsius=8,percentRH=9,"
	"rpm=10,cmm=11,truthvalue=12,specialEnum=13",
	"entSensorScale entSensorValueEntry.2 c i - yocto=1,zepto=2,atto=3,"
	"femto=4,pico=5,nano=6,micro=7,milli=8,units=9,kilo=10,mega=11,"
	"giga=12,tera=13,exa=14,peta=15,zetta=16,yotta=17",
	"entSensorPrecision entSensorValueEntry.3 c i",
	"entSensorValue entSensorValueEntry.4 c i",
	"entSensorStatus entSensorValueEntry.5 c i - ok=1,unavailable=2,"
	"nonoperational=3",
	"entSensorThresholdEntry 1.3.6.1.4.1.9.9.91.1.2.1.1 o",
	"entSensorThresholdSeverity entSensorThresholdEntry.2 c i - other=1,"
	"minor=10,major=20,critical=30",
	"entSensorThresholdRelation entSensorThresholdEntry.3 c i - "
	"lessThan=1,lessOrEqual=2,greaterThan=3,greaterOrEqual=4,equalTo=5,"
	"notEqualTo=6",
	"entSensorThresholdValue entSensorThresholdEntry.4 c i",
	"entSensorThresholdEvaluation entSensorThresholdEntry.5 c i - true=1,"
	"false=2",
	"entSensorThresholdNotification 1.3.6.1.4.1.9.9.91.2.0.1 n",
	"ccCopyState 1.3.6.1.4.1.9.9.96.1.1.1.1.10 c i - waiting=1,running=2,"
	"successful=3,failed=4",
	"ccCopyCompletion 1.3.6.1.4.1.9.9.96.2.1.1 n",
	"cHsrpGrpStandbyState 1.3.6.1.4.1.9.9.106.1.2.1.1.15 c i - initial=1,"
	"learn=2,listen=3,speak=4,standby=5,active=6",
	"cHsrpStateChange 1.3.6.1.4.1.9.9.106.2.0.1 n",
	"cpmCPUTotalEntry 1.3.6.1.4.1.9.9.109.1.1.1.1 o",
	"cpmCPUTotal1minRev cpmCPUTotalEntry.7 c u",
	"cpmCPUTotal5minRev cpmCPUTotalEntry.8 c u",
	"ciscoProcessMIBNotifs 1.3.6.1.4.1.9.9.109.2.0 o",
	"cpmCPURisingThreshold ciscoProcessMIBNotifs.1 n",
	"cpmCPUFallingThreshold ciscoProcessMIBNotifs.2 n",
	"cefcFRUPowerStatusEntry 1.3.6.1.4.1.9.9.117.1.1.2.1 o",
	"cefcFRUPowerAdminStatus cefcFRUPowerStatusEntry.1 c i - on=1,off=2,"
	"inlineAuto=3,inlineOn=4,powerCycle=5",
	"cefcFRUPowerOperStatus cefcFRUPowerStatusEntry.2 c i - "
	"offEnvOther=1,on=2,offAdmin=3,offDenied=4,offEnvPower=5,"
	"offEnvTemp=6,offEnvFan=7,failed=8,onButFanFail=9,offCooling=10,"
	"offConnectorRating=11,onButInlinePowerFail=12",
	"cefcFRUCurrent cefcFRUPowerStatusEntry.3 c i",
	"cefcModuleEntry 1.3.6.1.4.1.9.9.117.1.2.1.1 o",
	"cefcModuleAdminStatus cefcModuleEntry.1 c i - enabled=1,disabled=2,"
	"reset=3,outOfServiceAdmin=4",
	"cefcModuleOperStatus cefcModuleEntry.2 c i - unknown=1,ok=2,"
	"disabled=3,okButDiagFailed=4,boot=5,selfTest=6,failed=7,missing=8,"
	"mismatchWithParent=9,mismatchConfig=10,diagFailed=11,dormant=12,"
	"outOfServiceAdmin=13,outOfServiceEnvTemp=14,poweredDown=15,"
	"poweredUp=16,powerDenied=17,powerCycled=18,okButPowerOverWarning=19,"
	"okButPowerOverCritical=20,syncInProgress=21,upgrading=22,"
	"okButAuthFailed=23,mdr=24,fwMismatchFound=25,fwDownloadSuccess=26,"
	"fwDownloadFailure=27",
	"cefcModuleResetReason cefcModuleEntry.3 c i - unknown=1,powerUp=2,"
	"parityError=3,clearConfigReset=4,manualReset=5,"
	"watchDogTimeoutReset=6,resourceOverflowReset=7,missingTaskReset=8,"
	"lowVoltageReset=9,controllerReset=10,systemReset=11,"
	"switchoverReset=12,upgradeReset=13,downgradeReset=14,"
	"cacheErrorReset=15,deviceDriverReset=16,softwareExceptionReset=17,"
	"restoreConfigReset=18,abortRevReset=19,burnBootReset=20,"
	"standbyCdHealthierReset=21,nonNativeConfigClearReset=22,"
	"memoryProtectionErrorReset=23",
	"cefcModuleStatusLastChangeTime cefcModuleEntry.4 c t",
	"cefcFanTrayOperStatus 1.3.6.1.4.1.9.9.117.1.4.1.1.1 c i - unknown=1,"
	"up=2,down=3,warning=4",
	"cefcMIBNotifications 1.3.6.1.4.1.9.9.117.2.0 o",
	"cefcModuleStatusChange cefcMIBNotifications.1 n",
	"cefcPowerStatusChange cefcMIBNotifications.2 n",
	"cefcFRUInserted cefcMIBNotifications.3 n",
	"cefcFRURemoved cefcMIBNotifications.4 n",
	"cefcUnrecognizedFRU cefcMIBNotifications.5 n",
	"cefcFanTrayStatusChange cefcMIBNotifications.6 n",
	"cefcPowerSupplyOutputChange cefcMIBNotifications.7 n",
	"ciscoRFMIBNotifications 1.3.6.1.4.1.9.9.176.2.0 o",
	"ciscoRFSwactNotif ciscoRFMIBNotifications.1 n",
	"ciscoRFProgressionNotif ciscoRFMIBNotifications.2 n",
	"ciscoBgp4NotifyPrefix 1.3.6.1.4.1.9.9.187.0 o",
	"cbgpFsmStateChange ciscoBgp4NotifyPrefix.1 n",
	"cbgpBackwardTransition ciscoBgp4NotifyPrefix.2 n",
	"cbgpPrefixThresholdExceeded ciscoBgp4NotifyPrefix.3 n",
	"cbgpPrefixThresholdClear ciscoBgp4NotifyPrefix.4 n",
	"cbgpPeer2EstablishedNotification ciscoBgp4NotifyPrefix.5 n",
	"cbgpPeer2BackwardTransNotification ciscoBgp4NotifyPrefix.6 n",
	"cbgpPeer2FsmStateChange ciscoBgp4NotifyPrefix.7 n",
	"cbgpPeer2BackwardTransition ciscoBgp4NotifyPrefix.8 n",
	"cbgpPeerEntry 1.3.6.1.4.1.9.9.187.1.2.1.1 o",
	"cbgpPeerLastErrorTxt cbgpPeerEntry.7 c s",
	"cbgpPeerPrevState cbgpPeerEntry.8 c i - none=0,idle=1,connect=2,"
	"active=3,opensent=4,openconfirm=5,established=6",
	"cbgpPeer2Entry 1.3.6.1.4.1.9.9.187.1.2.5.1 o",
	"cbgpPeer2State cbgpPeer2Entry.3 c i - idle=1,connect=2,active=3,"
	"opensent=4,openconfirm=5,established=6",
	"cbgpPeer2LocalAddr cbgpPeer2Entry.6 c x",
	"cbgpPeer2RemoteAs cbgpPeer2Entry.11 c u",
	"cbgpPeer2LastError cbgpPeer2Entry.17 c",
	"cbgpPeer2LastErrorTxt cbgpPeer2Entry.28 c s",
	"cbgpPeer2PrevState cbgpPeer2Entry.29 c i - none=0,idle=1,connect=2,"
	"active=3,opensent=4,openconfirm=5,established=6",
	"ciscoIfExtensionMIBNotifications 1.3.6.1.4.1.9.9.276.0 o",
	"cieLinkDown ciscoIfExtensionMIBNotifications.1 n",
	"cieLinkUp ciscoIfExtensionMIBNotifications.2 n",
	"cieIfStateChangeReason 1.3.6.1.4.1.9.9.276.1.1.2.1.3 c s ifindex",
	"cpsSecureMacAddrViolation 1.3.6.1.4.1.9.9.315.0.0.1 n",
	"cpsIfConfigEntry 1.3.6.1.4.1.9.9.315.1.2.1.1 o",
	"cpsIfPortSecurityStatus cpsIfConfigEntry.2 c i ifindex secureup=1,"
	"securedown=2,shutdown=3",
	"cpsIfSecureLastMacAddress cpsIfConfigEntry.10 c m ifindex",
	"cswMIBNotifications 1.3.6.1.4.1.9.9.500.0.0 o",
	"cswStackPortChange cswMIBNotifications.1 n",
	"cswStackNewMaster cswMIBNotifications.2 n",
	"cswStackMemberRemoved cswMIBNotifications.6 n",
	"cswSwitchState 1.3.6.1.4.1.9.9.500.1.2.1.1.6 c i - waiting=1,"
	"progressing=2,added=3,ready=4,sdmMismatch=5,verMismatch=6,"
	"featureMismatch=7,newMasterInit=8,provisioned=9,invalid=10,removed=11",
	"cErrDisableInterfaceEvent 1.3.6.1.4.1.9.9.548.0.1.1 n",
	"cErrDisableInterfaceEventRev1 1.3.6.1.4.1.9.9.548.0.2 n",
	"cErrDisableNotifEnable 1.3.6.1.4.1.9.9.548.1.1.2 s i - true=1,false=2",
	"cErrDisableIfStatusEntry 1.3.6.1.4.1.9.9.548.1.3.1.1 o",
	"cErrDisableIfStatusCause cErrDisableIfStatusEntry.2 c i - udld=1,"
	"bpduGuard=2,channelMisconfig=3,pagpFlap=4,dtpFlap=5,linkFlap=6,"
	"l2ptGuard=7,dot1xSecurityViolation=8,portSecurityViolation=9,"
	"gbicInvalid=10,dhcpRateLimit=11,unicastFlood=12,vmps=13,"
	"stormControl=14,inlinePower=15,arpInspection=16,portLoopback=17,"
	"packetBuffer=18,macLimit=19,linkMonitorFailure=20,"
	"oamRemoteFailure=21,dot1adIncompEtype=22,dot1adIncompTunnel=23,"
	"sfpConfigMismatch=24,communityLimit=25,invalidPolicy=26,lsGroup=27,"
	"ekey=28,portModeFailure=29,pppoeIaRateLimit=30,"
	"oamRemoteCriticalEvent=31,oamRemoteDyingGasp=32,"
	"oamRemoteLinkFault=33,mvrp=34,tranceiverIncomp=35,other=36,"
	"portReinitLimitReached=37,adminRxBBCreditPerfBufIncomp=38,"
	"ficonNotEnabled=39,adminModeIncomp=40,adminSpeedIncomp=41,"
	"adminRxBBCreditIncomp=42,adminRxBufSizeIncomp=43,eppFailure=44,"
	"osmEPortUp=45,osmNonEPortUp=46,udldUniDir=47,udldTxRxLoop=48,"
	"udldNeighbourMismatch=49,udldEmptyEcho=50,"
	"udldAggrasiveModeLinkFailed=51,excessivePortInterrupts=52,"
	"channelErrDisabled=53,hwProgFailed=54,internalHandshakeFailed=55,"
	"stpInconsistencyOnVpcPeerLink=56,stpPortStateFailure=57,"
	"ipConflict=58,multipleMSapIdsRcvd=59,oneHundredPdusWithoutAck=60,"
	"ipQosCompatCheckFailure=61,loopDetect=62",
	"cErrDisableIfStatusTimeToRecover cErrDisableIfStatusEntry.3 c u",
	"juniperMIB 1.3.6.1.4.1.2636 o",
	"jnxContentsEntry 1.3.6.1.4.1.2636.3.1.8.1 o",
	"jnxContentsContainerIndex jnxContentsEntry.1 c i",
	"jnxContentsL1Index jnxContentsEntry.2 c i",
	"jnxContentsL2Index jnxContentsEntry.3 c i",
	"jnxContentsL3Index jnxContentsEntry.4 c i",
	"jnxContentsDescr jnxContentsEntry.6 c s",
	"jnxContentsSerialNo jnxContentsEntry.7 c s",
	"jnxContentsPartNo jnxContentsEntry.10 c s",
	"jnxOperatingEntry 1.3.6.1.4.1.2636.3.1.13.1 o",
	"jnxOperatingDescr jnxOperatingEntry.5 c s",
	"jnxOperatingState jnxOperatingEntry.6 c i - unknown=1,running=2,"
	"ready=3,reset=4,runningAtFullSpeed=5,down=6,standby=7",
	"jnxOperatingTemp jnxOperatingEntry.7 c u",
	"jnxOperatingCPU jnxOperatingEntry.8 c u",
	"jnxOperatingBuffer jnxOperatingEntry.11 c u",
	"jnxRedundancyEntry 1.3.6.1.4.1.2636.3.1.14.1 o",
	"jnxRedundancyConfig jnxRedundancyEntry.6 c i - unknown=1,master=2,"
	"backup=3,disabled=4,notApplicable=5",
	"jnxRedundancyState jnxRedundancyEntry.7 c i - unknown=1,master=2,"
	"backup=3,disabled=4",
	"jnxRedundancySwitchoverReason jnxRedundancyEntry.10 c i - other=1,"
	"neverSwitched=2,userSwitched=3,autoSwitched=4",
	"jnxFruEntry 1.3.6.1.4.1.2636.3.1.15.1 o",
	"jnxFruContentsIndex jnxFruEntry.1 c i",
	"jnxFruL1Index jnxFruEntry.2 c i",
	"jnxFruL2Index jnxFruEntry.3 c i",
	"jnxFruL3Index jnxFruEntry.4 c i",
	"jnxFruName jnxFruEntry.5 c s",
	"jnxFruType jnxFruEntry.6 c i - other=1,clockGenerator=2,"
	"flexiblePicConcentrator=3,switchingAndForwardingModule=4,"
	"controlBoard=5,routingEngine=6,powerEntryModule=7,"
	"frontPanelModule=8,switchInterfaceBoard=9,"
	"processorMezzanineBoardForSIB=10,portInterfaceCard=11,"
	"craftInterfacePanel=12,fan=13,lineCardChassis=14,"
	"forwardingEngineBoard=15,protectedSystemDomain=16,"
	"powerDistributionUnit=17,powerSupplyModule=18,switchFabricBoard=19,"
	"adapterCard=20",
	"jnxFruSlot jnxFruEntry.7 c i",
	"jnxFruTemp jnxFruEntry.9 c u",
	"jnxFruOfflineReason jnxFruEntry.10 c i - unknown=1,none=2,error=3,"
	"noPower=4,configPowerOff=5,configHoldInReset=6,cliCommand=7,"
	"buttonPress=8,cliRestart=9,overtempShutdown=10,masterClockDown=11,"
	"singleSfmModeChange=12,packetSchedulingModeChange=13,"
	"physicalRemoval=14,unresponsiveRestart=15,sonetClockAbsent=16,"
	"rddPowerOff=17,majorErrors=18,minorErrors=19,lccHardRestart=20,"
	"lccVersionMismatch=21,powerCycle=22,reconnect=23,overvoltage=24,"
	"pfeVersionMismatch=25,febRddCfgChange=26,fpcMisconfig=27,"
	"fruReconnectFail=28,fruFwddReset=29,fruFebSwitch=30,"
	"fruFebOffline=31,fruInServSoftUpgradeError=32,"
	"fruChasdPowerRatingExceed=33,fruConfigOffline=34,"
	"fruServiceRestartRequest=35,spuResetRequest=36,spuFlowdDown=37,"
	"spuSpi4Down=38,spuWatchdogTimeout=39,spuCoreDump=40,"
	"fpgaSpi4LinkDown=41,i3Spi4LinkDown=42,cppDisconnect=43,"
	"cpuNotBoot=44,spuCoreDumpComplete=45,rstOnSpcSpuFailure=46,"
	"softRstOnSpcSpuFailure=47,hwAuthenticationFailure=48,"
	"reconnectFpcFail=49,fpcAppFailed=50,fpcKernelCrash=51,"
	"spuFlowdDownNoCore=52,spuFlowdCoreDumpIncomplete=53,"
	"spuFlowdCoreDumpComplete=54,spuIdpdDownNoCore=55,"
	"spuIdpdCoreDumpIncomplete=56,spuIdpdCoreDumpComplete=57,"
	"spuCoreDumpIncomplete=58,spuIdpdDown=59,fruPfeReset=60,"
	"fruReconnectNotReady=61,fruSfLinkDown=62,fruFabricDown=63,"
	"fruAntiCounterfeitRetry=64,fruFPCChassisClusterDisable=65,"
	"spuFipsError=66,fruFPCFabricDownOffline=67,febCfgChange=68,"
	"routeLocalizationRoleChange=69,fruFpcUnsupported=70,"
	"psdVersionMismatch=71,fruResetThresholdExceeded=72,picBounce=73,"
	"badVoltage=74,fruFPCReducedFabricBW=75,fruAutoheal=76,"
	"builtinPicBounce=77,fruFabricDegraded=78,"
	"fruFPCFabricDegradedOffline=79,fruUnsupportedSlot=80,"
	"fruRouteLocalizationMisCfg=81,fruTypeConfigMismatch=82,"
	"lccModeChanged=83,hwFault=84,fruPICOfflineOnEccErrors=85,"
	"fruFpcIncompatible=86,fruFpcFanTrayPEMIncompatible=87,"
	"fruUnsupportedFirmware=88,openflowConfigChange=89,"
	"fruFpcScbIncompatible=90,fruReUnresponsive=91,hwError=92,"
	"fruErrorManagerReqFPCReset=93,fruIncompatibleWithPEM=94,"
	"fruIncompatibleWithSIB=95,sibIncompatibleWithOtherSIB=96,"
	"fruPfeErrors=97,vpnLocalizationRoleChange=98,"
	"fruFpcFanTrayIncompatible=99,fruFpcPEMIncompatible=100,"
	"mixedSwitchFabric=101,unsupportedFabric=102,jamConfigError=103,"
	"fruFpcHFanTrayIncompatible=104,gnfIsOffline=105,gnfdisconnected=106,"
	"fruIncompatibleWithVersion=107,reasonOfflineEnd=108",
	"jnxFruLastPowerOff jnxFruEntry.11 c t",
	"jnxFruLastPowerOn jnxFruEntry.12 c t",
	"jnxYellowAlarmState 1.3.6.1.4.1.2636.3.4.2.2.1 s i - other=1,off=2,"
	"on=3",
	"jnxRedAlarmState 1.3.6.1.4.1.2636.3.4.2.3.1 s i - other=1,off=2,on=3",
	"jnxCmCfgChgLatestUser 1.3.6.1.4.1.2636.3.18.1.5 s s",
	"jnxCmCfgChgEventEntry 1.3.6.1.4.1.2636.3.18.1.7.1 o",
	"jnxCmCfgChgEventTime jnxCmCfgChgEventEntry.2 c t",
	"jnxCmCfgChgEventDate jnxCmCfgChgEventEntry.3 c d",
	"jnxCmCfgChgEventSource jnxCmCfgChgEventEntry.4 c i - other=1,cli=2,"
	"junoscript=3,synchronize=4,snmp=5,button=6,autoinstall=7,unknown=8",
	"jnxCmCfgChgEventUser jnxCmCfgChgEventEntry.5 c s",
	"jnxCmCfgChgEventLog jnxCmCfgChgEventEntry.6 c s",
	"jnxSyslogEntry 1.3.6.1.4.1.2636.3.35.1.1.1 o",
	"jnxSyslogEventName jnxSyslogEntry.2 c s",
	"jnxSyslogMessage jnxSyslogEntry.9 c",
	"jnxChassisTraps juniperMIB.4.1 o",
	"jnxPowerSupplyFailure jnxChassisTraps.1 n",
	"jnxFanFailure jnxChassisTraps.2 n",
	"jnxOverTemperature jnxChassisTraps.3 n",
	"jnxRedundancySwitchover jnxChassisTraps.4 n",
	"jnxFruRemoval jnxChassisTraps.5 n",
	"jnxFruInsertion jnxChassisTraps.6 n",
	"jnxFruPowerOff jnxChassisTraps.7 n",
	"jnxFruPowerOn jnxChassisTraps.8 n",
	"jnxFruFailed jnxChassisTraps.9 n",
	"jnxFruOffline jnxChassisTraps.10 n",
	"jnxFruOnline jnxChassisTraps.11 n",
	"jnxFruCheck jnxChassisTraps.12 n",
	"jnxFEBSwitchover jnxChassisTraps.13 n",
	"jnxHardDiskFailed jnxChassisTraps.14 n",
	"jnxHardDiskMissing jnxChassisTraps.15 n",
	"jnxChassisOKTraps juniperMIB.4.2 o",
	"jnxPowerSupplyOK jnxChassisOKTraps.1 n",
	"jnxFanOK jnxChassisOKTraps.2 n",
	"jnxTemperatureOK jnxChassisOKTraps.3 n",
	"jnxFruOK jnxChassisOKTraps.4 n",
	"jnxCmNotificationsPrefix 1.3.6.1.4.1.2636.4.5.0 o",
	"jnxCmCfgChange jnxCmNotificationsPrefix.1 n",
	"jnxCmRescueChange jnxCmNotificationsPrefix.2 n",
	"jnxSyslogTrap 1.3.6.1.4.1.2636.4.12.0.1 n",
	"jnxBgpM2BaseNotifications 1.3.6.1.4.1.2636.5.1.1.1.0 o",
	"jnxBgpM2Established jnxBgpM2BaseNotifications.1 n",
	"jnxBgpM2BackwardTransition jnxBgpM2BaseNotifications.2 n",
	"jnxBgpM2PeerEntry 1.3.6.1.4.1.2636.5.1.1.2.1.1.1 o",
	"jnxBgpM2PeerState jnxBgpM2PeerEntry.2 c i - idle=1,connect=2,"
	"active=3,opensent=4,openconfirm=5,established=6",
	"jnxBgpM2PeerStatus jnxBgpM2PeerEntry.3 c i - halted=1,running=2",
	"jnxBgpM2PeerLocalAddr jnxBgpM2PeerEntry.7 c x",
	"jnxBgpM2PeerRemoteAddr jnxBgpM2PeerEntry.11 c x",
	"jnxBgpM2PeerRemoteAs jnxBgpM2PeerEntry.13 c u",
	"arista 1.3.6.1.4.1.30065 o",
	"aristaConfigManEvent 1.3.6.1.4.1.30065.3.9.3.0.1 n",
	"aristaEntSensorAlarm 1.3.6.1.4.1.30065.3.12.0.1 n",
	"aristaEntSensorThresholdEntry 1.3.6.1.4.1.30065.3.12.1.1.1 o",
	"aristaEntSensorThresholdLowWarning aristaEntSensorThresholdEntry.1 "
	"c i",
	"aristaEntSensorThresholdLowCritical aristaEntSensorThresholdEntry.2 "
	"c i",
	"aristaEntSensorThresholdHighWarning aristaEntSensorThresholdEntry.3 "
	"c i",
	"aristaEntSensorThresholdHighCritical "
	"aristaEntSensorThresholdEntry.4 c i",
	"aristaEntSensorStatusDescr aristaEntSensorThresholdEntry.5 c s",
	0,
};
