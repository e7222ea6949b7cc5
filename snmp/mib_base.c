/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "snmp/mib_base.h"

#include <stddef.h>

#define NODE(name, where) name " OBJECT IDENTIFIER ::= { " where " }\n"
#define TC(name, hint, syntax)                                           \
	name " ::= TEXTUAL-CONVENTION DISPLAY-HINT \"" hint "\" STATUS " \
	     "current DESCRIPTION \"\" SYNTAX " syntax "\n"
#define TCN(name, syntax)                                              \
	name " ::= TEXTUAL-CONVENTION STATUS current DESCRIPTION \"\"" \
	     " SYNTAX " syntax "\n"

#define ROOTS                              \
	NODE("org", "iso 3")               \
	NODE("dod", "org 6")               \
	NODE("internet", "dod 1")          \
	NODE("directory", "internet 1")    \
	NODE("mgmt", "internet 2")         \
	NODE("mib-2", "mgmt 1")            \
	NODE("transmission", "mib-2 10")   \
	NODE("experimental", "internet 3") \
	NODE("private", "internet 4")      \
	NODE("enterprises", "private 1")

const struct noc_mib_base noc_mib_base[] = {
	{ "SNMPv2-SMI",
	  "SNMPv2-SMI DEFINITIONS ::= BEGIN\n" ROOTS NODE("security",
							  "internet 5")
	      NODE("snmpV2", "internet 6") NODE("snmpDomains", "snmpV2 1")
		  NODE("snmpProxys", "snmpV2 2") NODE("snmpModules", "snmpV2 3")
		      NODE("zeroDotZero", "0 0") "END\n" },
	{ "SNMPv2-CONF", "SNMPv2-CONF DEFINITIONS ::= BEGIN\nEND\n" },
	{ "SNMPv2-TC",
	  "SNMPv2-TC DEFINITIONS ::= BEGIN\n" TC(
	      "DisplayString", "255a",
	      "OCTET STRING (SIZE (0..255))") TC("PhysAddress",
						 "1x:", "OCTET STRING")
	      TC("MacAddress", "1x:", "OCTET STRING (SIZE (6))") TCN(
		  "TruthValue",
		  "INTEGER { true(1), false(2) }") TCN("TestAndIncr",
						       "INTEGER (0..2147483647)")
		  TCN("AutonomousType", "OBJECT IDENTIFIER") TCN(
		      "InstancePointer",
		      "OBJECT IDENTIFIER") TCN("VariablePointer",
					       "OBJECT IDENTIFIER")
		      TCN("RowPointer", "OBJECT IDENTIFIER") TCN(
			  "RowStatus",
			  "INTEGER { active(1), notInService(2), notReady(3), "
			  "createAndGo(4), createAndWait(5), destroy(6) }")
			  TCN("TimeStamp", "TimeTicks")
			      TCN("TimeInterval", "INTEGER (0..2147483647)") TC(
				  "DateAndTime", "2d-1d-1d,1d:1d:1d.1d,1a1d:1d",
				  "OCTET STRING (SIZE (8 | 11))")
				  TCN("StorageType",
				      "INTEGER { other(1), volatile(2), nonVolatile(3), "
				      "permanent(4), readOnly(5) }")
				      TCN("TDomain", "OBJECT IDENTIFIER") TCN(
					  "TAddress",
					  "OCTET STRING (SIZE (1..255))") "END\n" },
	{ "RFC1155-SMI", "RFC1155-SMI DEFINITIONS ::= BEGIN\n" ROOTS "END\n" },
	{ "RFC-1212", "RFC-1212 DEFINITIONS ::= BEGIN\nEND\n" },
	{ "RFC-1215", "RFC-1215 DEFINITIONS ::= BEGIN\nEND\n" },
	{ "SNMP-FRAMEWORK-MIB",
	  "SNMP-FRAMEWORK-MIB DEFINITIONS ::= BEGIN\n"
	  "IMPORTS snmpModules FROM SNMPv2-SMI\n"
	  "TEXTUAL-CONVENTION FROM SNMPv2-TC;\n" TC(
	      "SnmpAdminString", "255t", "OCTET STRING (SIZE (0..255))")
	      TCN("SnmpEngineID", "OCTET STRING (SIZE (5..32))") TCN(
		  "SnmpSecurityModel",
		  "INTEGER (0..2147483647)") TCN("SnmpMessageProcessingModel",
						 "INTEGER (0..2147483647)")
		  TCN("SnmpSecurityLevel",
		      "INTEGER { noAuthNoPriv(1), authNoPriv(2), authPriv(3) }")
		      NODE("snmpFrameworkMIB", "snmpModules 10") "END\n" },
	{ "INET-ADDRESS-MIB",
	  "INET-ADDRESS-MIB DEFINITIONS ::= BEGIN\n"
	  "IMPORTS TEXTUAL-CONVENTION FROM SNMPv2-TC;\n" TCN(
	      "InetAddressType",
	      "INTEGER { unknown(0), ipv4(1), ipv6(2), ipv4z(3), ipv6z(4), "
	      "dns(16) }") TCN("InetAddress", "OCTET STRING (SIZE (0..255))")
	      TC("InetAddressPrefixLength", "d", "Unsigned32 (0..2040)")
		  TC("InetPortNumber", "d", "Unsigned32 (0..65535)") "END\n" },
	{ "IF-MIB",
	  "IF-MIB DEFINITIONS ::= BEGIN\n"
	  "IMPORTS mib-2 FROM SNMPv2-SMI\n"
	  "TEXTUAL-CONVENTION FROM SNMPv2-TC;\n" TC(
	      "InterfaceIndex", "d",
	      "Integer32 (1..2147483647)") TC("InterfaceIndexOrZero", "d",
					      "Integer32 (0..2147483647)")
	      NODE("interfaces", "mib-2 2") NODE("ifTable", "interfaces 2") NODE(
		  "ifEntry",
		  "ifTable 1") "ifIndex OBJECT-TYPE SYNTAX InterfaceIndex MAX-ACCESS read-only "
			       "STATUS current DESCRIPTION \"\" ::= { ifEntry 1 }\n"
			       "END\n" },
	{ NULL, NULL },
};
